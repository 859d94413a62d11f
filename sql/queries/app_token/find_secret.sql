-- An app-specific token that has not expired. $1 the part of it that finds the row.
SELECT t.id, t.account_id, t.sealed_secret, floor(extract(epoch FROM t.expires_at))::bigint AS expires_at_s
  FROM app_token t
 WHERE t.prefix = $1::text AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
