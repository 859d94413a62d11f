-- Robots that match and that belong to an account or an organization it administers. $1 account,
-- $2 a pattern, $3 how many.
SELECT n.name, b.short_name, o.name AS owner, o.kind = 'organization' AS of_organization
  FROM robot b JOIN namespace n ON n.id = b.namespace_id JOIN namespace o ON o.id = b.owner_id
 WHERE b.owner_id IN (SELECT administered_namespaces($1::bigint))
   AND (b.short_name LIKE $2::text OR n.name LIKE $2::text)
 ORDER BY n.name LIMIT $3::bigint
