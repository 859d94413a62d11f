-- Names of live tags in byte order. $1 repository, $2 only names above, $3 how many.
SELECT DISTINCT t.name COLLATE "C" AS name FROM tag t
 WHERE t.repository_id = $1::bigint AND NOT t.hidden
   AND ($2::text IS NULL OR t.name > $2::text COLLATE "C")
   AND (t.end_ms IS NULL OR t.end_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
 ORDER BY t.name COLLATE "C" LIMIT $3::bigint
