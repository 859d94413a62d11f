-- Spans that live or that the time machine still holds, newest first. $1 repository, $2 only those
-- that live, $3 exact name or NULL, $4 part of the name in lower case or NULL, $5 how many,
-- $6 how many to skip. child_digests is NULL for what lists nothing.
SELECT t.name, t.reversion, t.immutable, t.start_ms, t.end_ms, m.digest, m.media_type,
       m.layers_size_bytes, c.child_digests, c.child_present
  FROM (
    SELECT t.id, t.name, t.manifest_id, t.reversion, t.immutable, t.start_ms, t.end_ms
      FROM tag t
      JOIN repository r ON r.id = t.repository_id
      JOIN namespace n ON n.id = r.namespace_id
     CROSS JOIN (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now
     WHERE t.repository_id = $1::bigint AND NOT t.hidden
       AND (t.end_ms IS NULL
            OR t.end_ms > now.ms - CASE WHEN $2::boolean THEN 0 ELSE n.tag_expiration_s * 1000 END)
       AND ($3::text IS NULL OR t.name = $3::text COLLATE "C")
       AND ($4::text IS NULL OR strpos(lower(t.name), $4::text) > 0)
     ORDER BY t.start_ms DESC, t.name COLLATE "C", t.id DESC LIMIT $5::bigint OFFSET $6::bigint
  ) t
  JOIN manifest m ON m.id = t.manifest_id
  LEFT JOIN LATERAL (
    SELECT array_agg(c.child_digest ORDER BY c.child_digest) AS child_digests,
           array_agg(EXISTS (SELECT 1 FROM manifest p
                              WHERE p.repository_id = $1::bigint AND p.digest = c.child_digest
                                AND p.deleted_at IS NULL)
                     ORDER BY c.child_digest) AS child_present
      FROM manifest_child c WHERE c.manifest_id = m.id
  ) c ON true
 ORDER BY t.start_ms DESC, t.name COLLATE "C", t.id DESC
