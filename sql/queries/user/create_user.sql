-- Makes a user. $1 name, $2 e-mail or NULL, $3 password hash, $4 whether the address counts as
-- proven, $5 time machine seconds. A row with its id.
WITH made AS (
    INSERT INTO namespace (name, kind, email, tag_expiration_s)
    VALUES ($1::text, 'user', $2::text, $5::bigint) RETURNING id
)
INSERT INTO account (namespace_id, password_phc, verified)
SELECT id, $3::text, $4::boolean FROM made
RETURNING namespace_id
