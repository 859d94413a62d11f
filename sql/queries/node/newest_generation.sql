-- The largest id of a generation: whatever has one at most as large was written before this
-- moment. One row.
SELECT coalesce(max(id), 0) AS newest FROM blob
