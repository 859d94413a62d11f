-- A namespace and what an account may do in it. $1 name, $2 account or NULL.
SELECT n.id, n.kind, n.enabled, n.epoch, team_role(n.id, $2::bigint) AS team_role
  FROM namespace n WHERE n.name = $1::text AND n.kind <> 'robot'
