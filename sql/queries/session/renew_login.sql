-- Notes that the password was given again. $1 hash, $2 new CSRF token.
UPDATE session SET login_at = clock_timestamp(), csrf_token = $2::text WHERE token_hash = $1::bytea
RETURNING 1::bigint
