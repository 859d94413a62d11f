-- Stops serving a manifest; see the function delete_manifest.
SELECT verdict, detail FROM delete_manifest(
    $1::bigint, $2::bytea, $3::boolean, $4::bigint, $5::text, $6::text, $7::jsonb)
