-- Ends the live span of a tag. $1 repository, $2 name, $3 Unix milliseconds. One row.
SELECT close_tag_span($1::bigint, $2::text, $3::bigint)
