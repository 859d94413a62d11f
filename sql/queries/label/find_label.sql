-- One label of a manifest. $1 manifest, $2 label. At most one row.
SELECT l.id, l.key, l.value, l.source, l.media_type FROM manifest_label l
 WHERE l.manifest_id = $1::bigint AND l.id = $2::uuid
