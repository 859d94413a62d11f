-- Puts app-specific tokens sealed anew in place of those they were made from. $1 rows, $2 old,
-- $3 new.
UPDATE app_token t SET sealed_secret = u.fresh
  FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS u (row_key, old, fresh)
 WHERE t.id = u.row_key::uuid AND t.sealed_secret = u.old
