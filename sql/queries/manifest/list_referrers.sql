-- Served manifests about a subject, oldest first. $1 repository, $2 subject digest,
-- $3 artifact type or NULL, $4 only ids above, $5 how many.
SELECT m.id, m.digest, m.media_type, m.artifact_type, octet_length(m.bytes)::bigint AS size_bytes,
       m.annotations
  FROM manifest m
 CROSS JOIN (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now
 WHERE m.repository_id = $1::bigint AND m.subject_digest = $2::bytea AND m.deleted_at IS NULL
   AND ($3::text IS NULL OR m.artifact_type = $3::text)
   AND m.id > $4::bigint
   AND served_until_ms(m.repository_id, m.digest, now.ms) IS NOT NULL
 ORDER BY m.id LIMIT $5::bigint
