-- What an account has granted to applications and has not ended. $1 account, $2 only this token or
-- NULL.
SELECT t.id, t.scope, a.name, a.description, a.application_uri, a.avatar_email, a.client_id,
       n.name AS organization_name, n.email AS organization_email
  FROM oauth_token t
  JOIN oauth_application a ON a.id = t.application_id
  JOIN namespace n ON n.id = a.organization_id
 WHERE t.account_id = $1::bigint AND t.expires_at > clock_timestamp()
   AND ($2::uuid IS NULL OR t.id = $2::uuid)
 ORDER BY t.created_at, t.id
