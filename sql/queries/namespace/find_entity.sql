-- A user, organization or robot that is not deleted. $1 name.
SELECT n.id, n.name, n.kind, n.email, n.enabled, r.owner_id
  FROM namespace n LEFT JOIN robot r ON r.namespace_id = n.id
 WHERE n.name = $1::text AND n.deleted_at IS NULL
