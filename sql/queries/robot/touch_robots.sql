-- Notes when robots last logged in. $1 their rows, $2 times, Unix seconds.
UPDATE robot r SET last_accessed_at = greatest(r.last_accessed_at, to_timestamp(u.at_s))
  FROM unnest($1::bigint[], $2::double precision[]) AS u (id, at_s)
 WHERE r.namespace_id = u.id
