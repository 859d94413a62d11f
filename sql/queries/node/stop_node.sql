-- Says goodbye. $1 node.
UPDATE node SET stopped_at = clock_timestamp() WHERE id = $1::uuid
