-- Makes the namespace row of a robot. $1 full name, $2 owner. A row with its id; none when the name
-- is taken or the owner is gone.
INSERT INTO namespace (name, kind, tag_expiration_s)
SELECT $1::text, 'robot', 0 FROM namespace o
 WHERE o.id = $2::bigint AND o.deleted_at IS NULL
ON CONFLICT (name) DO NOTHING
RETURNING id
