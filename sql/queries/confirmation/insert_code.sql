-- Keeps a code that was mailed. $1 its hash, $2 account, $3 purpose, $4 new e-mail or NULL,
-- $5 life in seconds.
INSERT INTO confirmation (code_hash, account_id, purpose, new_email, expires_at)
VALUES ($1::bytea, $2::bigint, $3::text, $4::text,
        clock_timestamp() + make_interval(secs => $5::double precision))
