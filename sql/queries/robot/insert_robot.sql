-- Completes a robot. $1 its namespace row, $2 owner, $3 short name, $4 description, $5 metadata,
-- $6 sealed token, $7 when it expires, Unix seconds, or NULL.
INSERT INTO robot (namespace_id, owner_id, short_name, description, metadata, sealed_token, expires_at)
VALUES ($1::bigint, $2::bigint, $3::text, $4::text, $5::jsonb, $6::bytea,
        to_timestamp($7::bigint::double precision))
