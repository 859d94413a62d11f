-- Notes that nothing unnamed is left below a batch. $1 batch.
UPDATE segment_batch SET swept_at = clock_timestamp() WHERE id = $1::bigint AND closed_at IS NOT NULL
