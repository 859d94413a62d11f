-- Who an account is. $1 account. A row when it is a user that is not deleted.
SELECT n.id, n.name, n.enabled, n.epoch, a.uuid, a.superuser, n.email, a.verified
  FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.id = $1::bigint AND n.deleted_at IS NULL
