-- Lets a session live on, and notes when its user was last here. $1 hash, $2 life in seconds.
WITH touched AS (
    UPDATE session SET seen_at = clock_timestamp(),
           expires_at = clock_timestamp() + make_interval(secs => $2::double precision)
     WHERE token_hash = $1::bytea RETURNING account_id
)
UPDATE account a SET last_accessed_at = clock_timestamp()
  FROM touched t WHERE a.namespace_id = t.account_id
