-- Notes that a sync failed: what the page cache holds is no proof any more, so that the next start
-- treats this node's end as a power cut. $1 node.
UPDATE node SET boot_id = NULL WHERE id = $1::uuid
