-- Makes an OAuth token. $1 application, $2 account, $3 the part of it that finds the row, $4 hash
-- of the rest, $5 scope, $6 its name or NULL, $7 who made it or NULL, $8 life in seconds.
INSERT INTO oauth_token (application_id, account_id, prefix, secret_hash, scope, display_name,
                         created_by, expires_at)
VALUES ($1::bigint, $2::bigint, $3::text, $4::bytea, $5::text, $6::text, $7::bigint,
        clock_timestamp() + make_interval(secs => $8::double precision))
RETURNING id, display_name AS name, scope,
       extract(epoch FROM created_at)::bigint AS created_at_s,
       floor(extract(epoch FROM expires_at))::bigint AS expires_at_s,
       extract(epoch FROM last_accessed_at)::bigint AS last_accessed_at_s,
       (SELECT n.name FROM namespace n WHERE n.id = created_by) AS created_by
