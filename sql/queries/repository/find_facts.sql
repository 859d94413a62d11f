-- What decides access. $1 namespace, $2 repository, $3 account or NULL.
-- One row when the namespace exists; the repository's columns are NULL when it does not.
SELECT n.id AS namespace_id, n.kind, n.enabled,
       r.id AS repository_id, r.visibility, r.state, r.created_by,
       team_role(n.id, $3::bigint) AS team_role,
       granted_role(r.id, $3::bigint) AS repository_role,
       n.epoch
  FROM namespace n
  LEFT JOIN repository r ON r.namespace_id = n.id AND r.name = $2::text
 WHERE n.name = $1::text AND n.kind <> 'robot'
