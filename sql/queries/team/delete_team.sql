-- Ends a team with its roles, invitations and their notices. $1 team.
WITH notices AS (
    DELETE FROM user_notification u
     USING team_invite i WHERE i.team_id = $1::bigint AND u.lookup_path = 'urn:teaminvite:' || i.id
)
DELETE FROM team WHERE id = $1::bigint RETURNING id
