-- Tells a user something, once for each thing. $1 kind, $2 user, $3 metadata, $4 what it is about.
INSERT INTO user_notification (kind, target_id, metadata, lookup_path)
SELECT $1::text, $2::bigint, $3::jsonb, $4::text
 WHERE NOT EXISTS (SELECT 1 FROM user_notification u
                    WHERE u.kind = $1::text AND u.target_id = $2::bigint AND u.lookup_path = $4::text)
