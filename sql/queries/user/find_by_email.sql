-- The user with this address. $1 e-mail. At most one row.
SELECT n.id FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.kind = 'user' AND lower(n.email) = lower($1::text) AND n.deleted_at IS NULL
