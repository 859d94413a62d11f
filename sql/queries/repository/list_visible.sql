-- Public repositories and those an account may read, oldest first. $1 account or NULL, $2 only ids
-- above, $3 how many. Each way in is read by its own index, so that a page costs the same
-- whatever else there is.
WITH visible AS (
    (SELECT r.id FROM repository r JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE r.visibility = 'public' AND r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM administered_namespaces($1::bigint) AS a (id)
       JOIN namespace n ON n.id = a.id AND n.enabled
       JOIN repository r ON r.namespace_id = n.id
      WHERE r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM granted_repositories($1::bigint) AS g (id) JOIN repository r ON r.id = g.id
       JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
)
SELECT id FROM visible ORDER BY id LIMIT $3::bigint
