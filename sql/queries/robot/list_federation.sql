-- The outside identities of a robot, in order. $1 its row.
SELECT issuer, subject FROM robot_federation WHERE robot_id = $1::bigint ORDER BY position
