-- The usage log, newest first. $1 namespace, $2 repository, $3 performer: NULL for all. Rows from
-- $4 up to before $5, Unix seconds, and after the place ($6 microseconds, $7 id), NULL for the
-- newest. $8 most rows.
SELECT l.id, (extract(epoch FROM l.at) * 1000000)::bigint AS at_us, l.kind, l.ip, l.metadata,
       p.name AS performer_name, p.kind AS performer_kind, p.email AS performer_email,
       n.name AS namespace_name, n.kind AS namespace_kind, n.email AS namespace_email
  FROM usage_log l
  LEFT JOIN namespace p ON p.id = l.performer_id AND p.deleted_at IS NULL
  LEFT JOIN namespace n ON n.id = l.namespace_id AND n.deleted_at IS NULL
 WHERE ($1::bigint IS NULL OR l.namespace_id = $1::bigint)
   AND ($2::bigint IS NULL OR l.repository_id = $2::bigint)
   AND ($3::bigint IS NULL OR l.performer_id = $3::bigint)
   AND l.at >= to_timestamp($4::bigint) AND l.at < to_timestamp($5::bigint)
   AND ($6::bigint IS NULL
        OR (l.at, l.id) < (to_timestamp(0) + $6::bigint * interval '1 microsecond', $7::bigint))
 ORDER BY l.at DESC, l.id DESC LIMIT $8::bigint
