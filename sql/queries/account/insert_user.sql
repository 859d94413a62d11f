-- Makes a user. $1 name, $2 e-mail, $3 password hash, $4 superuser, $5 time machine seconds,
-- $6 only when no user exists. A row with the id and uuid, none when $6 holds it back.
WITH made AS (
    INSERT INTO namespace (name, kind, email, tag_expiration_s)
    SELECT $1::text, 'user', $2::text, $5::bigint
     WHERE NOT $6::boolean OR NOT EXISTS (SELECT 1 FROM account)
    RETURNING id
)
INSERT INTO account (namespace_id, password_phc, verified, superuser)
SELECT id, $3::text, true, $4::boolean FROM made
RETURNING namespace_id, uuid::text
