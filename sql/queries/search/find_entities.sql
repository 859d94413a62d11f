-- Users, and robots of one owner, for a field that completes names; members of the organization
-- first. $1 a pattern, $2 the organization or NULL, $3 whose robots, or NULL, $4 how many.
WITH matching AS (
    (SELECT n.id, n.name, n.kind, n.email FROM namespace n
      WHERE n.kind = 'user' AND n.enabled AND n.name LIKE $1::text
      ORDER BY n.name LIMIT 1000)
    UNION ALL
    (SELECT n.id, n.name, n.kind, NULL FROM robot b JOIN namespace n ON n.id = b.namespace_id
      WHERE b.owner_id = $3::bigint AND (b.short_name LIKE $1::text OR n.name LIKE $1::text)
      ORDER BY n.name LIMIT 1000)
)
SELECT m.name, m.kind, m.email,
       m.kind = 'robot' OR team_role($2::bigint, m.id) IS NOT NULL AS is_member
  FROM matching m ORDER BY is_member DESC, m.name LIMIT $4::bigint
