-- What a robot was granted directly. $1 its row.
SELECT p.name, p.visibility = 'public' AS is_public, g.role
  FROM repository_permission g JOIN repository p ON p.id = g.repository_id
 WHERE g.account_id = $1::bigint AND p.state <> 'MARKED_FOR_DELETION'
 ORDER BY p.name
