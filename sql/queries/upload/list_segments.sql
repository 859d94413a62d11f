-- The segments of a saved upload in order. $1 upload.
SELECT batch_id, name, size_bytes FROM segment WHERE upload_id = $1::uuid ORDER BY position
