-- One application. $1 client id.
SELECT a.id, a.client_id, a.organization_id, a.name, a.redirect_uri, a.application_uri,
       a.description, a.avatar_email, a.sealed_secret, n.name AS organization_name,
       n.email AS organization_email
  FROM oauth_application a JOIN namespace n ON n.id = a.organization_id
 WHERE a.client_id = $1::text AND n.deleted_at IS NULL
