-- Sets when a span ends. $1 span, $2 Unix milliseconds, or NULL for never. At most one row.
UPDATE tag
   SET end_ms = CASE WHEN $2::bigint IS NOT NULL THEN greatest(start_ms, $2::bigint) END
 WHERE id = $1::bigint
RETURNING id
