-- Counts the enabled users in admin teams of an organization. $1 organization.
SELECT count(DISTINCT n.id) FROM team t JOIN team_member m ON m.team_id = t.id
  JOIN namespace n ON n.id = m.account_id AND n.kind = 'user' AND n.enabled
 WHERE t.organization_id = $1::bigint AND t.role = 'admin'
