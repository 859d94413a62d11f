-- Changes an application. $1 organization, $2 client id, $3 name, $4 redirect prefix, $5 its
-- address, $6 description, $7 e-mail of its avatar or NULL. Its id when there is one.
UPDATE oauth_application SET name = $3::text, redirect_uri = $4::text, application_uri = $5::text,
       description = $6::text, avatar_email = $7::text
 WHERE organization_id = $1::bigint AND client_id = $2::text
RETURNING id
