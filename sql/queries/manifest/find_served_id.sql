-- The row of a manifest that is served. $1 repository, $2 digest. At most one row.
SELECT m.id FROM manifest m
 WHERE m.repository_id = $1::bigint AND m.digest = $2::bytea AND m.deleted_at IS NULL
   AND served_until_ms(m.repository_id, m.digest,
                       (extract(epoch FROM clock_timestamp()) * 1000)::bigint) IS NOT NULL
