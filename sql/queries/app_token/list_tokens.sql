-- App-specific tokens, the newest first. $1 of which account or NULL for all, $2 only those that
-- end within so many seconds or NULL for all.
SELECT id, title, prefix, sealed_secret,
       extract(epoch FROM created_at)::bigint AS created_at_s,
       floor(extract(epoch FROM expires_at))::bigint AS expires_at_s,
       extract(epoch FROM last_accessed_at)::bigint AS last_accessed_at_s
  FROM app_token
 WHERE ($1::bigint IS NULL OR account_id = $1::bigint)
   AND ($2::double precision IS NULL
        OR expires_at BETWEEN clock_timestamp()
                          AND clock_timestamp() + make_interval(secs => $2::double precision))
 ORDER BY created_at DESC, id
