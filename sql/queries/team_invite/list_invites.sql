-- Who is invited into a team. $1 team.
SELECT n.name, i.email, n.email AS account_email FROM team_invite i LEFT JOIN namespace n ON n.id = i.account_id
 WHERE i.team_id = $1::bigint ORDER BY i.created_at, i.id
