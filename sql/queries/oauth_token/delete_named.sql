-- Revokes a named token. $1 application, $2 id. The account it spoke for.
DELETE FROM oauth_token
 WHERE application_id = $1::bigint AND id = $2::uuid AND display_name IS NOT NULL
RETURNING account_id
