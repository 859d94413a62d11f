-- Closes a batch: no commit can name an unnamed segment of it any more. $1 batch.
UPDATE segment_batch SET closed_at = coalesce(closed_at, clock_timestamp()) WHERE id = $1::bigint
