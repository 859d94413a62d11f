-- Forgets the hidden spans of what an index lists. $1 repository, $2 the index. A row each.
DELETE FROM tag t USING manifest_child c, manifest m
 WHERE c.manifest_id = $2::bigint AND m.repository_id = $1::bigint AND m.digest = c.child_digest
   AND t.manifest_id = m.id AND t.hidden
RETURNING t.id
