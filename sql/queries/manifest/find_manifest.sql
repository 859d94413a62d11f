-- A manifest that is served by digest. $1 repository, $2 digest. At most one row.
SELECT m.media_type, m.bytes, m.subject_digest,
       served_until_ms(m.repository_id, m.digest, now.ms) AS served_until_ms
  FROM manifest m
 CROSS JOIN (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now
 WHERE m.repository_id = $1::bigint AND m.digest = $2::bytea AND m.deleted_at IS NULL
   AND served_until_ms(m.repository_id, m.digest, now.ms) IS NOT NULL
