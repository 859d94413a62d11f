-- Tokens of robots sealed by other keys. $1 fingerprint, $2 how many.
SELECT namespace_id::text AS row_key, 'robot:' || namespace_id AS context, sealed_token AS sealed
  FROM robot WHERE substring(sealed_token FROM 2 FOR 8) <> $1::bytea
 ORDER BY namespace_id LIMIT $2::bigint
