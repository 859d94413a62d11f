-- Saved uploads without progress. $1 seconds, $2 how many.
SELECT id, repository_id FROM upload
 WHERE saved_at < clock_timestamp() - make_interval(secs => $1::double precision)
 ORDER BY saved_at LIMIT $2::bigint
