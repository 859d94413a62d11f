-- Replaces a robot's token and, where asked, its end. $1 its row, $2 sealed token, $3 whether the
-- end changes, $4 its new end, Unix seconds, or NULL.
UPDATE robot SET sealed_token = $2::bytea,
       expires_at = CASE WHEN $3::boolean THEN to_timestamp($4::bigint::double precision) ELSE expires_at END
 WHERE namespace_id = $1::bigint
RETURNING namespace_id
