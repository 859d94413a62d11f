-- Changes the role of a default permission. $1 organization, $2 id, $3 role. A row when there is one.
UPDATE default_permission SET role = $3::text
 WHERE organization_id = $1::bigint AND id = $2::uuid RETURNING id
