-- Forgets the spans of a tag that have ended and pointed at a manifest. $1 repository, $2 name,
-- $3 manifest, $4 now, Unix milliseconds. A row each.
DELETE FROM tag
 WHERE repository_id = $1::bigint AND name = $2::text AND manifest_id = $3::bigint
   AND NOT hidden AND end_ms <= $4::bigint
RETURNING id
