-- Ends a tag; see the function delete_tag.
SELECT verdict, detail FROM delete_tag($1::bigint, $2::text, $3::bigint, $4::text, $5::text, $6::jsonb)
