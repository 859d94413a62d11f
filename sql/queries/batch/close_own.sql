-- Closes every batch of a node that stops; waits for commits that hold one. $1 node.
UPDATE segment_batch SET closed_at = clock_timestamp()
 WHERE node_id = $1::uuid AND closed_at IS NULL
