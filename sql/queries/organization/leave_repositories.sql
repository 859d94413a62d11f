-- Takes from a user all roles on repositories of an organization. $1 organization, $2 user.
DELETE FROM repository_permission p USING repository r
 WHERE r.id = p.repository_id AND r.namespace_id = $1::bigint AND p.account_id = $2::bigint
RETURNING r.id, r.name
