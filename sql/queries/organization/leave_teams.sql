-- Takes a user out of all teams of an organization; answers the teams' names. $1 organization, $2 user.
DELETE FROM team_member m USING team t
 WHERE t.id = m.team_id AND t.organization_id = $1::bigint AND m.account_id = $2::bigint
RETURNING t.name
