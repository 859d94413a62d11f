-- Teams of an organization that match. $1 a pattern, $2 the organization, $3 how many.
SELECT name FROM team WHERE organization_id = $2::bigint AND name LIKE $1::text
 ORDER BY name LIMIT $3::bigint
