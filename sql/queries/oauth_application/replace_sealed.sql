-- Puts secrets of applications sealed anew in place of those they were made from. $1 rows, $2 old,
-- $3 new.
UPDATE oauth_application a SET sealed_secret = u.fresh
  FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS u (row_key, old, fresh)
 WHERE a.id = u.row_key::bigint AND a.sealed_secret = u.old
