-- A team. $1 organization, $2 name.
SELECT t.id, t.name, t.role, t.description FROM team t
 WHERE t.organization_id = $1::bigint AND t.name = $2::text
