-- The repositories a team has a role on. $1 team.
SELECT r.name, r.visibility, p.role FROM repository_permission p JOIN repository r ON r.id = p.repository_id
 WHERE p.team_id = $1::bigint AND r.state <> 'MARKED_FOR_DELETION' ORDER BY r.name COLLATE "C"
