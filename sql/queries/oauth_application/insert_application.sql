-- Makes an application. $1 client id, $2 organization, $3 name, $4 redirect prefix, $5 its address,
-- $6 description, $7 e-mail of its avatar or NULL, $8 sealed secret. A row with its id; a client id
-- that is taken makes none.
INSERT INTO oauth_application (client_id, organization_id, name, redirect_uri, application_uri,
                               description, avatar_email, sealed_secret)
VALUES ($1::text, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::bytea)
ON CONFLICT (client_id) DO NOTHING
RETURNING id
