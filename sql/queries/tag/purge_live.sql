-- Forgets a span that lives. $1 span. At most one row.
DELETE FROM tag WHERE id = $1::bigint RETURNING id
