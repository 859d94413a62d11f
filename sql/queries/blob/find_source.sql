-- A repository from which an account may take a blob. $1 digest, $2 account or NULL,
-- $3 whether it may read everything, $4 only this namespace and $5 repository, or NULL.
-- At most one row, with the generation and whether it is suspect. Private and absent repositories
-- look alike.
WITH generation AS (
    SELECT b.id, false AS suspect FROM blob b WHERE b.digest = $1::bytea AND b.state = 0
    UNION ALL
    SELECT b.id, true FROM blob b WHERE b.digest = $1::bytea AND b.state >= 3 AND b.state = 3
)
SELECT r.id, g.id AS blob_id, g.suspect FROM generation g
  JOIN repository_blob rb ON rb.blob_id = g.id
  JOIN repository r ON r.id = rb.repository_id
  JOIN namespace n ON n.id = r.namespace_id
 WHERE n.enabled AND r.state <> 'MARKED_FOR_DELETION'
   AND ($4::text IS NULL OR (n.name = $4::text AND r.name = $5::text))
   AND ($3::boolean OR r.visibility = 'public' OR may_read(r.id, n.id, $2::bigint))
 ORDER BY g.suspect
 LIMIT 1
