-- The members of a team. $1 team.
SELECT n.id, n.name, n.kind, n.email FROM team_member m JOIN namespace n ON n.id = m.account_id
 WHERE m.team_id = $1::bigint ORDER BY n.name COLLATE "C"
