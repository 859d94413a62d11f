-- The user of this name. $1 name. At most one row.
SELECT n.id FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.name = $1::text AND n.deleted_at IS NULL
