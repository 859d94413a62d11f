-- Ends a grant. $1 account, $2 token. The application's client id and name.
DELETE FROM oauth_token t USING oauth_application a
 WHERE t.account_id = $1::bigint AND t.id = $2::uuid AND a.id = t.application_id
RETURNING a.client_id, a.name
