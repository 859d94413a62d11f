-- Lets a session live on. $1 hash, $2 life in seconds.
UPDATE session SET seen_at = clock_timestamp(),
       expires_at = clock_timestamp() + make_interval(secs => $2::double precision)
 WHERE token_hash = $1::bytea
