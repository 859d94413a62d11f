-- The segments of a generation in order. $1 blob.
SELECT batch_id, name, size_bytes FROM segment WHERE blob_id = $1::bigint ORDER BY position
