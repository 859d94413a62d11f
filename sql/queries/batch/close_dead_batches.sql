-- Closes the batches of nodes that are gone and lists all closed ones not swept yet.
-- $1 this node, $2 whether every other node is known to be dead, $3 seconds without a heartbeat
-- after which a node counts as dead.
WITH dead AS (
    UPDATE segment_batch b SET closed_at = clock_timestamp()
     WHERE b.closed_at IS NULL AND b.node_id <> $1::uuid
       AND ($2::boolean OR NOT EXISTS (
            SELECT 1 FROM node n WHERE n.id = b.node_id AND n.stopped_at IS NULL
               AND n.heartbeat_at > clock_timestamp() - make_interval(secs => $3::double precision)))
    RETURNING b.id
)
SELECT id FROM dead
UNION
SELECT id FROM segment_batch WHERE closed_at IS NOT NULL AND swept_at IS NULL
 ORDER BY id
