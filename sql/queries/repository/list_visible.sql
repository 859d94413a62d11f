-- Public repositories and those an account may read, oldest first. $1 account or NULL, $2 only ids
-- above, $3 how many. Each way in is read by its own index, so that a page costs the same
-- whatever else there is.
WITH teams AS (
    SELECT t.id, t.organization_id, t.role
      FROM team_member m JOIN team t ON t.id = m.team_id WHERE m.account_id = $1::bigint
), visible AS (
    (SELECT r.id FROM repository r JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE r.visibility = 'public' AND r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM repository r
      WHERE r.namespace_id = $1::bigint AND r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM teams t JOIN repository r ON r.namespace_id = t.organization_id
       JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE t.role = 'admin' AND r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM repository_permission g JOIN repository r ON r.id = g.repository_id
       JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE g.account_id = $1::bigint AND r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
    UNION
    (SELECT r.id FROM teams t JOIN repository_permission g ON g.team_id = t.id
       JOIN repository r ON r.id = g.repository_id
       JOIN namespace n ON n.id = r.namespace_id AND n.enabled
      WHERE r.state <> 'MARKED_FOR_DELETION' AND r.id > $2::bigint
      ORDER BY r.id LIMIT $3::bigint)
)
SELECT id FROM visible ORDER BY id LIMIT $3::bigint
