-- The time, and the live span of a tag. $1 repository, $2 name. One row; id is NULL without a span.
SELECT now.ms AS now_ms, t.id, t.start_ms, t.end_ms, t.immutable, m.digest
  FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now
  LEFT JOIN LATERAL (
    SELECT t.id, t.manifest_id, t.start_ms, t.end_ms, t.immutable FROM tag t
     WHERE t.repository_id = $1::bigint AND t.name = $2::text AND NOT t.hidden
       AND (t.end_ms IS NULL OR t.end_ms > now.ms)
     ORDER BY t.start_ms DESC, t.id DESC LIMIT 1
  ) t ON true
  LEFT JOIN manifest m ON m.id = t.manifest_id
