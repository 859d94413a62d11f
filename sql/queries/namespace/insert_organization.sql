-- Makes an organization with its team `owners`. $1 name, $2 first member or NULL,
-- $3 time machine seconds. A row with its id; a name that is taken makes no row.
WITH made AS (
    INSERT INTO namespace (name, kind, tag_expiration_s, created_by)
    VALUES ($1::text, 'organization', $3::bigint, $2::bigint)
    ON CONFLICT (name) DO NOTHING RETURNING id
), owners AS (
    INSERT INTO team (organization_id, name, role)
    SELECT id, 'owners', 'admin' FROM made RETURNING id
), joined AS (
    INSERT INTO team_member (team_id, account_id)
    SELECT id, $2::bigint FROM owners WHERE $2::bigint IS NOT NULL
)
SELECT id FROM made
