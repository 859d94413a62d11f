-- Makes an app-specific token. $1 id, $2 account, $3 title, $4 the part of it that finds the row,
-- $5 the rest, sealed, $6 life in seconds or NULL.
INSERT INTO app_token (id, account_id, title, prefix, sealed_secret, expires_at)
VALUES ($1::uuid, $2::bigint, $3::text, $4::text, $5::bytea,
        clock_timestamp() + make_interval(secs => $6::double precision))
RETURNING id, title, prefix, sealed_secret,
       extract(epoch FROM created_at)::bigint AS created_at_s,
       floor(extract(epoch FROM expires_at))::bigint AS expires_at_s,
       extract(epoch FROM last_accessed_at)::bigint AS last_accessed_at_s
