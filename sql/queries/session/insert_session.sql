-- Begins a session. $1 hash of its token, $2 account, $3 CSRF token, $4 life in seconds.
INSERT INTO session (token_hash, account_id, csrf_token, expires_at)
VALUES ($1::bytea, $2::bigint, $3::text, clock_timestamp() + make_interval(secs => $4::double precision))
