-- Changes a key. $1 kid, $2 name, $3 metadata, $4 expiry in Unix seconds: NULL keeps them; $5 true
-- takes the expiry away.
UPDATE service_key SET name = coalesce($2::text, name), metadata = coalesce($3::jsonb, metadata),
       expires_at = CASE WHEN $5::boolean THEN NULL
                         ELSE coalesce(to_timestamp($4::bigint), expires_at) END
 WHERE kid = $1::text RETURNING kid
