-- What decides access. $1 namespace, $2 repository, $3 account or NULL.
-- One row when the namespace exists; the repository's columns are NULL when it does not.
SELECT n.id AS namespace_id, n.kind, n.enabled,
       r.id AS repository_id, r.visibility, r.state, r.created_by,
       EXISTS (SELECT 1 FROM organization_owner o
                WHERE o.organization_id = n.id AND o.account_id = $3::bigint) AS is_owner
  FROM namespace n
  LEFT JOIN repository r ON r.namespace_id = n.id AND r.name = $2::text
 WHERE n.name = $1::text
