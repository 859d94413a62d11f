-- Tokens that were offered to a user. $1 account, $2 only this offer or NULL.
SELECT s.id, s.scope, s.redirect_uri, s.response_type, a.id AS application_id, a.name,
       a.description, a.application_uri, a.avatar_email, a.client_id,
       n.name AS organization_name, n.email AS organization_email
  FROM oauth_assignment s
  JOIN oauth_application a ON a.id = s.application_id
  JOIN namespace n ON n.id = a.organization_id
 WHERE s.account_id = $1::bigint AND ($2::uuid IS NULL OR s.id = $2::uuid)
 ORDER BY s.created_at, s.id
