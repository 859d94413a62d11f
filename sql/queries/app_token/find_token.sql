-- One app-specific token of an account. $1 account, $2 id.
SELECT id, title, prefix, sealed_secret,
       extract(epoch FROM created_at)::bigint AS created_at_s,
       floor(extract(epoch FROM expires_at))::bigint AS expires_at_s,
       extract(epoch FROM last_accessed_at)::bigint AS last_accessed_at_s
  FROM app_token WHERE account_id = $1::bigint AND id = $2::uuid
