-- Labels of a manifest in the order they were added. $1 manifest, $2 prefix of the key.
SELECT l.id, l.key, l.value, l.source, l.media_type FROM manifest_label l
 WHERE l.manifest_id = $1::bigint AND starts_with(l.key, $2::text)
 ORDER BY l.position
