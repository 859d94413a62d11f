-- Namespaces that match and hold a repository the account may see. $1 account or NULL, $2 whether
-- it sees everything, $3 a pattern, $4 how many.
SELECT n.name, n.kind, n.email FROM namespace n
 WHERE n.name LIKE $3::text AND n.kind <> 'robot' AND n.enabled
   AND EXISTS (SELECT 1 FROM repository r
                WHERE r.namespace_id = n.id AND r.state <> 'MARKED_FOR_DELETION'
                  AND ($2::boolean OR r.visibility = 'public'
                       OR n.id IN (SELECT administered_namespaces($1::bigint))
                       OR r.id IN (SELECT granted_repositories($1::bigint))))
 ORDER BY n.name LIMIT $4::bigint
