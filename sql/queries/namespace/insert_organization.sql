-- Makes an organization owned by an account. $1 name, $2 account, $3 time machine seconds.
-- A row with its id; a name that is taken makes no row.
WITH made AS (
    INSERT INTO namespace (name, kind, tag_expiration_s)
    VALUES ($1::text, 'organization', $3::bigint)
    ON CONFLICT (name) DO NOTHING RETURNING id
), owned AS (
    INSERT INTO organization_owner (organization_id, account_id)
    SELECT id, $2::bigint FROM made WHERE $2::bigint IS NOT NULL
)
SELECT id FROM made
