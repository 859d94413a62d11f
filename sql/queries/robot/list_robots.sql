-- The robots of an owner by name. $1 owner, $2 whether with teams and repositories, $3 how many or
-- NULL.
SELECT r.namespace_id AS id, n.name, r.description, r.metadata, r.sealed_token,
       extract(epoch FROM n.created_at)::bigint AS created_at_s,
       extract(epoch FROM r.last_accessed_at)::bigint AS last_accessed_at_s,
       floor(extract(epoch FROM r.expires_at))::bigint AS expires_at_s,
       CASE WHEN $2::boolean THEN coalesce(
           (SELECT jsonb_agg(t.name ORDER BY t.name)
              FROM team_member m JOIN team t ON t.id = m.team_id
             WHERE m.account_id = r.namespace_id), '[]') ELSE '[]' END AS teams,
       CASE WHEN $2::boolean THEN coalesce(
           (SELECT jsonb_agg(p.name ORDER BY p.name)
              FROM repository_permission g JOIN repository p ON p.id = g.repository_id
             WHERE g.account_id = r.namespace_id AND p.state <> 'MARKED_FOR_DELETION'), '[]')
       ELSE '[]' END AS repositories
  FROM robot r JOIN namespace n ON n.id = r.namespace_id
 WHERE r.owner_id = $1::bigint AND n.deleted_at IS NULL
 ORDER BY r.short_name LIMIT $3::bigint
