-- Ends a default permission. $1 organization, $2 id. A row when there was one.
DELETE FROM default_permission WHERE organization_id = $1::bigint AND id = $2::uuid RETURNING id
