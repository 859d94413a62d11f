-- Roles that users and robots hold on a repository. $1 repository, $2 its namespace, $3 one account only, or NULL.
SELECT n.name, n.kind, n.email, p.role, is_in_organization($2::bigint, n.id) AS is_member
  FROM repository_permission p JOIN namespace n ON n.id = p.account_id
 WHERE p.repository_id = $1::bigint AND ($3::bigint IS NULL OR n.id = $3::bigint)
 ORDER BY n.id
