-- Where a live tag points. $1 repository, $2 name. At most one row.
SELECT m.digest, t.end_ms
  FROM tag t JOIN manifest m ON m.id = t.manifest_id
 WHERE t.repository_id = $1::bigint AND t.name = $2::text AND NOT t.hidden
   AND (t.end_ms IS NULL OR t.end_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
 ORDER BY t.start_ms DESC, t.id DESC LIMIT 1
