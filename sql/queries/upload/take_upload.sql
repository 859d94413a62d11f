-- Takes a saved upload over: raises its epoch. $1 id, $2 repository. At most one row.
UPDATE upload SET epoch = epoch + 1 WHERE id = $1::uuid AND repository_id = $2::bigint
RETURNING epoch, offset_bytes, hash_state, inline_bytes
