-- Repositories a caller may see, by full name in byte order. $1 account or NULL,
-- $2 whether it reads everything, $3 whether public ones are listed, $4 only names above, $5 how many.
SELECT n.name || '/' || r.name AS full_name
  FROM repository r JOIN namespace n ON n.id = r.namespace_id
 WHERE r.state <> 'MARKED_FOR_DELETION' AND n.enabled
   AND ($2::boolean OR ($3::boolean AND r.visibility = 'public') OR may_read(r.id, n.id, $1::bigint))
   AND ($4::text IS NULL OR (n.name || '/' || r.name) COLLATE "C" > $4::text COLLATE "C")
 ORDER BY (n.name || '/' || r.name) COLLATE "C" LIMIT $5::bigint
