-- The row of a manifest that is served or that the time machine still holds. $1 repository,
-- $2 digest. At most one row.
SELECT m.id FROM manifest m
  JOIN repository r ON r.id = m.repository_id
  JOIN namespace n ON n.id = r.namespace_id
 WHERE m.repository_id = $1::bigint AND m.digest = $2::bytea
   AND last_end_ms(m.repository_id, m.digest)
       > (extract(epoch FROM clock_timestamp()) * 1000)::bigint - n.tag_expiration_s * 1000
