-- One robot. $1 owner, $2 short name.
SELECT r.namespace_id AS id, n.name, r.description, r.metadata, r.sealed_token,
       extract(epoch FROM n.created_at)::bigint AS created_at_s,
       extract(epoch FROM r.last_accessed_at)::bigint AS last_accessed_at_s,
       floor(extract(epoch FROM r.expires_at))::bigint AS expires_at_s,
       '[]'::jsonb AS teams, '[]'::jsonb AS repositories
  FROM robot r JOIN namespace n ON n.id = r.namespace_id
 WHERE r.owner_id = $1::bigint AND r.short_name = $2::text AND n.deleted_at IS NULL
