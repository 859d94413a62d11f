-- Secrets of applications sealed by other keys. $1 fingerprint, $2 how many.
SELECT id::text AS row_key, 'application:' || client_id AS context, sealed_secret AS sealed
  FROM oauth_application WHERE substring(sealed_secret FROM 2 FOR 8) <> $1::bytea
 ORDER BY id LIMIT $2::bigint
