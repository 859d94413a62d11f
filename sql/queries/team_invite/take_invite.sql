-- Ends an invitation that a user may answer. $1 its id, $2 the user. A row with what it said.
WITH ended AS (
    DELETE FROM team_invite i
     WHERE i.id = $1::uuid AND (i.account_id IS NULL OR i.account_id = $2::bigint) RETURNING i.*
)
SELECT t.organization_id, o.name AS organization, t.id AS team_id, t.name AS team, inviter.name AS inviter
  FROM ended i JOIN team t ON t.id = i.team_id JOIN namespace o ON o.id = t.organization_id
  LEFT JOIN namespace inviter ON inviter.id = i.inviter_id
