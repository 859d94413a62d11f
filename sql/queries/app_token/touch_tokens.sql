-- Notes when app-specific tokens were last used. $1 their ids, $2 times, Unix seconds.
UPDATE app_token t SET last_accessed_at = greatest(t.last_accessed_at, to_timestamp(u.at_s))
  FROM unnest($1::uuid[], $2::double precision[]) AS u (id, at_s)
 WHERE t.id = u.id
