-- Makes a span immutable or not; one that is made immutable does not end by itself unless $3.
-- $1 span, $2 whether immutable, $3 whether an immutable one may end. At most one row.
UPDATE tag
   SET immutable = $2::boolean,
       end_ms = CASE WHEN NOT $2::boolean OR $3::boolean THEN end_ms END
 WHERE id = $1::bigint
RETURNING id
