-- Roles that accounts hold on repositories of an organization by themselves. $1 organization,
-- $2 one account only, or NULL.
SELECT n.id, n.name, n.kind, n.email, r.name AS repository,
       is_in_organization($1::bigint, n.id) AS is_member
  FROM repository r JOIN repository_permission p ON p.repository_id = r.id
  JOIN namespace n ON n.id = p.account_id
 WHERE r.namespace_id = $1::bigint AND r.state <> 'MARKED_FOR_DELETION'
   AND ($2::bigint IS NULL OR n.id = $2::bigint)
 ORDER BY n.id, r.name COLLATE "C"
