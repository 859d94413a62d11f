-- A notification for every superuser. $1 kind, $2 metadata, $3 lookup path, $4 names of users that
-- are superusers by configuration.
INSERT INTO user_notification (kind, target_id, metadata, lookup_path)
SELECT $1::text, n.id, $2::jsonb, $3::text
  FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.deleted_at IS NULL AND (a.superuser OR n.name = ANY ($4::text[]))
RETURNING id
