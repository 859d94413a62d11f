-- Marks every other node as stopped: the caller knows that they are dead. $1 node.
UPDATE node SET stopped_at = clock_timestamp() WHERE id <> $1::uuid AND stopped_at IS NULL
