-- Opens a batch of segments for a node. $1 node. One row.
INSERT INTO segment_batch (node_id) VALUES ($1::uuid) RETURNING id
