-- Forgets a saved upload; its objects become unnamed. $1 id. One row when it was there.
WITH gone AS (DELETE FROM segment WHERE upload_id = $1::uuid)
DELETE FROM upload WHERE id = $1::uuid RETURNING id
