-- Forgets a saved upload; its objects become unnamed, so their batches are swept again.
-- $1 id. One row when it was there.
WITH gone AS (DELETE FROM segment WHERE upload_id = $1::uuid RETURNING batch_id),
unswept AS (
    UPDATE segment_batch SET swept_at = NULL
     WHERE swept_at IS NOT NULL AND id IN (SELECT g.batch_id FROM gone g)
)
DELETE FROM upload WHERE id = $1::uuid RETURNING id
