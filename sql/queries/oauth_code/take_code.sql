-- Takes an authorization code, which works once. $1 the part of it that finds the row,
-- $2 application.
DELETE FROM oauth_code WHERE prefix = $1::text AND application_id = $2::bigint
RETURNING secret_hash, account_id, scope, redirect_uri, expires_at > clock_timestamp() AS is_fresh
