-- Suspect generations of any repository, oldest first. $1 above this id, $2 how many.
SELECT id, digest, size_bytes FROM blob
 WHERE state = 3 AND id > $1::bigint ORDER BY id LIMIT $2::bigint
