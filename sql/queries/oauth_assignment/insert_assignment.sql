-- Offers a token to a user. $1 application, $2 user name, $3 scope, $4 redirect, $5 response type.
-- The user's id; none when there is no such user.
INSERT INTO oauth_assignment (application_id, account_id, scope, redirect_uri, response_type)
SELECT $1::bigint, n.id, $3::text, $4::text, $5::text FROM namespace n
 WHERE n.name = $2::text AND n.kind = 'user' AND n.deleted_at IS NULL
RETURNING account_id
