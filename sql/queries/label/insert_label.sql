-- Adds a label by the API. $1 manifest, $2 key, $3 value, $4 media type, $5 life of tags in
-- milliseconds or NULL. One row.
INSERT INTO manifest_label (manifest_id, key, value, source, media_type, expires_after_ms)
VALUES ($1::bigint, $2::text, $3::text, 'api', $4::text, $5::bigint)
RETURNING id, key, value, source, media_type
