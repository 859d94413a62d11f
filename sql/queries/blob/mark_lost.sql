-- Notes that a suspect generation is damaged: it is not present anywhere, and its objects become
-- unnamed, so their batches are swept again. $1 blob. A row when it was suspect.
WITH lost AS (
    UPDATE blob SET state = 4 WHERE id = $1::bigint AND state = 3 RETURNING id
), gone AS (
    DELETE FROM segment k USING lost WHERE k.blob_id = lost.id RETURNING k.batch_id
), unswept AS (
    UPDATE segment_batch SET swept_at = NULL
     WHERE swept_at IS NOT NULL AND id IN (SELECT g.batch_id FROM gone g)
)
SELECT id FROM lost
