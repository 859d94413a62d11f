-- The named tokens of an application, the newest first. $1 application, $2 only those before this
-- time, Unix microseconds, or NULL, $3 and this id, $4 how many.
SELECT t.id, t.display_name AS name, t.scope,
       extract(epoch FROM t.created_at)::bigint AS created_at_s,
       (extract(epoch FROM t.created_at) * 1000000)::bigint AS created_at_us,
       floor(extract(epoch FROM t.expires_at))::bigint AS expires_at_s,
       extract(epoch FROM t.last_accessed_at)::bigint AS last_accessed_at_s,
       n.name AS created_by
  FROM oauth_token t LEFT JOIN namespace n ON n.id = t.created_by
 WHERE t.application_id = $1::bigint AND t.display_name IS NOT NULL
   AND ($2::bigint IS NULL
        OR ((extract(epoch FROM t.created_at) * 1000000)::bigint, t.id) < ($2::bigint, $3::uuid))
 ORDER BY t.created_at DESC, t.id DESC LIMIT $4::bigint
