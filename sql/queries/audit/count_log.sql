-- Rows of the usage log by day (UTC) and kind. $1 namespace, $2 repository, $3 performer: NULL for
-- all. Rows from $4 up to before $5, Unix seconds.
SELECT l.kind, extract(epoch FROM date_trunc('day', l.at, 'UTC'))::bigint AS day_s,
       count(*)::bigint AS rows
  FROM usage_log l
 WHERE ($1::bigint IS NULL OR l.namespace_id = $1::bigint)
   AND ($2::bigint IS NULL OR l.repository_id = $2::bigint)
   AND ($3::bigint IS NULL OR l.performer_id = $3::bigint)
   AND l.at >= to_timestamp($4::bigint) AND l.at < to_timestamp($5::bigint)
 GROUP BY 1, 2 ORDER BY 2, 1
