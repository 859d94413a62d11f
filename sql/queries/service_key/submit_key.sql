-- Takes in a key that waits for its approval. $1 kid, $2 service, $3 name, $4 JWK, $5 metadata,
-- $6 expiry in Unix seconds or NULL, $7 rotation in seconds or NULL. No row when the kid is taken.
INSERT INTO service_key (kid, service, name, jwk, metadata, expires_at, rotation_duration_s)
VALUES ($1::text, $2::text, $3::text, $4::jsonb, $5::jsonb, to_timestamp($6::bigint), $7::bigint)
ON CONFLICT (kid) DO NOTHING RETURNING kid
