-- Begins a span of a tag, which ends as the labels of the manifest say. $1 repository, $2 manifest,
-- $3 name, $4 Unix milliseconds, $5 whether it brings back what was there. One row.
INSERT INTO tag (repository_id, manifest_id, name, start_ms, end_ms, reversion)
VALUES ($1::bigint, $2::bigint, $3::text, $4::bigint, acting_end_ms($2::bigint, $4::bigint), $5::boolean)
RETURNING end_ms
