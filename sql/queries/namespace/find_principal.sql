-- A user, organization or robot by name. $1 name.
SELECT id FROM namespace WHERE name = $1::text AND deleted_at IS NULL
