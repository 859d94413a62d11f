-- Makes an authorization code. $1 the part of it that finds the row, $2 hash of the rest,
-- $3 application, $4 account, $5 scope, $6 redirect, $7 life in seconds.
INSERT INTO oauth_code (prefix, secret_hash, application_id, account_id, scope, redirect_uri, expires_at)
VALUES ($1::text, $2::bytea, $3::bigint, $4::bigint, $5::text, $6::text,
        clock_timestamp() + make_interval(secs => $7::double precision))
