-- A heartbeat. $1 node, $2 seconds after which a silent node counts as gone.
-- One row: how many other nodes run.
WITH beat AS (
    UPDATE node SET heartbeat_at = clock_timestamp() WHERE id = $1::uuid
)
SELECT count(*) AS others FROM node
 WHERE id <> $1::uuid AND stopped_at IS NULL
   AND heartbeat_at > clock_timestamp() - make_interval(secs => $2::double precision)
