-- Repositories of one namespace that an account may see, oldest first. $1 account or NULL,
-- $2 namespace, $3 whether it sees everything, $4 whether public ones are listed too, $5 only ids
-- above, $6 how many.
WITH place AS (
    SELECT n.id, $3::boolean OR n.id = $1::bigint
                 OR coalesce(team_role(n.id, $1::bigint) = 'admin', false) AS sees_all
      FROM namespace n WHERE n.name = $2::text AND n.kind <> 'robot' AND n.enabled
)
SELECT r.id FROM place p JOIN repository r ON r.namespace_id = p.id
 WHERE r.state <> 'MARKED_FOR_DELETION' AND r.id > $5::bigint
   AND (p.sees_all OR ($4::boolean AND r.visibility = 'public') OR may_read(r.id, p.id, $1::bigint))
 ORDER BY r.id LIMIT $6::bigint
