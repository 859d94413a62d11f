-- A repository by name, and its namespace. $1 namespace, $2 name.
SELECT r.id, r.namespace_id
  FROM repository r JOIN namespace n ON n.id = r.namespace_id
 WHERE n.name = $1::text AND r.name = $2::text AND n.kind <> 'robot'
   AND r.state <> 'MARKED_FOR_DELETION'
