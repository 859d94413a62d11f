-- Lets the live tags of a manifest end some time after their start, but not before now. $1 manifest,
-- $2 milliseconds. A row for each tag.
UPDATE tag t SET end_ms = greatest(t.start_ms + $2::bigint, now.ms)
  FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) now
 WHERE t.manifest_id = $1::bigint AND NOT t.hidden AND NOT t.immutable
   AND (t.end_ms IS NULL OR t.end_ms > now.ms)
RETURNING t.id
