-- Puts tokens of robots sealed anew in place of those they were made from. $1 rows, $2 old, $3 new.
UPDATE robot r SET sealed_token = u.fresh
  FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS u (row_key, old, fresh)
 WHERE r.namespace_id = u.row_key::bigint AND r.sealed_token = u.old
