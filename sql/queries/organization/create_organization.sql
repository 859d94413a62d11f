-- Makes an organization with its team `owners` and one member of it. $1 name, $2 e-mail or NULL,
-- $3 contact e-mail or NULL, $4 time machine seconds, $5 its first member. A row with its id; a
-- name that is taken makes no row.
WITH made AS (
    INSERT INTO namespace (name, kind, email, contact_email, tag_expiration_s, created_by)
    VALUES ($1::text, 'organization', $2::text, $3::text, $4::bigint, $5::bigint)
    ON CONFLICT (name) DO NOTHING RETURNING id
), owners AS (
    INSERT INTO team (organization_id, name, role)
    SELECT id, 'owners', 'admin' FROM made RETURNING id
), joined AS (
    INSERT INTO team_member (team_id, account_id) SELECT id, $5::bigint FROM owners
)
SELECT id FROM made
