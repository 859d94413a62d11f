-- A repository from which an account may take a blob. $1 digest, $2 account or NULL,
-- $3 whether it may read everything, $4 only this namespace and $5 repository, or NULL.
-- At most one row. Private and absent repositories look alike.
SELECT r.id FROM blob b
  JOIN repository_blob rb ON rb.blob_id = b.id
  JOIN repository r ON r.id = rb.repository_id
  JOIN namespace n ON n.id = r.namespace_id
 WHERE b.digest = $1::bytea AND b.state = 0 AND n.enabled AND r.state <> 'MARKED_FOR_DELETION'
   AND ($4::text IS NULL OR (n.name = $4::text AND r.name = $5::text))
   AND ($3::boolean OR r.visibility = 'public' OR may_read(r.id, n.id, $2::bigint))
 LIMIT 1
