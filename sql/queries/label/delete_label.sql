-- Removes a label. $1 label. At most one row.
DELETE FROM manifest_label WHERE id = $1::uuid RETURNING id
