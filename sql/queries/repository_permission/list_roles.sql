-- The roles an account holds on a repository, directly and by its teams. $1 repository, $2 account.
SELECT p.role FROM repository_permission p
 WHERE p.repository_id = $1::bigint AND p.account_id = $2::bigint
UNION ALL
SELECT p.role FROM repository_permission p
  JOIN team_member m ON m.team_id = p.team_id AND m.account_id = $2::bigint
 WHERE p.repository_id = $1::bigint
