-- An OAuth token that has not expired. $1 the part of it that finds the row.
SELECT t.id, t.account_id, t.secret_hash, t.scope, a.client_id, a.name AS application_name,
       floor(extract(epoch FROM t.expires_at))::bigint AS expires_at_s
  FROM oauth_token t JOIN oauth_application a ON a.id = t.application_id
 WHERE t.prefix = $1::text AND t.expires_at > clock_timestamp()
