-- Publishes a manifest; see the function put_manifest.
SELECT verdict, detail, subject_present, ends FROM put_manifest(
    $1::bigint, $2::bytea, $3::text, $4::text, $5::text, $6::bytea, $7::jsonb, $8::bytea,
    $9::bigint, $10::bytea[], $11::bigint[], $12::bytea[], $13::boolean, $14::text[], $15::bigint,
    $16::jsonb, $17::bigint, $18::text, $19::text, $20::jsonb)
