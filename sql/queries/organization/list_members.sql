-- Users in the teams of an organization, a row for each team. $1 organization, $2 one user only, or NULL.
SELECT n.id, n.name, n.kind, n.email, t.name AS team
  FROM team t JOIN team_member m ON m.team_id = t.id JOIN namespace n ON n.id = m.account_id
 WHERE t.organization_id = $1::bigint AND ($2::bigint IS NULL OR n.id = $2::bigint)
 ORDER BY n.id, t.id
