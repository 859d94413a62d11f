-- Live tags of a repository, the newest first. $1 repository, $2 how many. The size of an index is
-- not known.
SELECT t.name, t.start_ms / 1000 AS start_s, t.end_ms / 1000 AS end_s, m.digest,
       CASE WHEN EXISTS (SELECT 1 FROM manifest_child c WHERE c.manifest_id = m.id)
            THEN NULL ELSE m.layers_size_bytes END AS size_bytes
  FROM tag t JOIN manifest m ON m.id = t.manifest_id
 WHERE t.repository_id = $1::bigint AND NOT t.hidden
   AND (t.end_ms IS NULL OR t.end_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
 ORDER BY t.start_ms DESC, t.name LIMIT $2::bigint
