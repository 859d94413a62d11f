-- Forgets the outside identities of a robot; answers how many. $1 its row.
WITH gone AS (DELETE FROM robot_federation WHERE robot_id = $1::bigint RETURNING 1)
SELECT count(*) FROM gone
