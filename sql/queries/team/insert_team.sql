-- Makes a team. $1 organization, $2 name, $3 role, $4 description. A row with its id.
INSERT INTO team (organization_id, name, role, description)
VALUES ($1::bigint, $2::text, $3::text, $4::text) RETURNING id
