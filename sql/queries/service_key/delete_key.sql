-- Deletes a key. $1 kid.
DELETE FROM service_key WHERE kid = $1::text RETURNING kid
