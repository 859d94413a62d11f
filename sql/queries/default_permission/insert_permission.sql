-- Makes a default permission. $1 organization, $2 whose repositories or NULL, $3 account or NULL,
-- $4 team or NULL, $5 role. A row with its id.
INSERT INTO default_permission (organization_id, creator_id, delegate_account_id, delegate_team_id, role)
VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::text) RETURNING id
