-- Roles that teams hold on a repository. $1 repository, $2 one team only, or NULL.
SELECT t.id, t.name, p.role FROM repository_permission p JOIN team t ON t.id = p.team_id
 WHERE p.repository_id = $1::bigint AND ($2::bigint IS NULL OR t.id = $2::bigint) ORDER BY t.id
