-- Default permissions of an organization. $1 organization, $2 one only, or NULL.
SELECT d.id, d.role,
       c.name AS creator_name, c.kind AS creator_kind, c.email AS creator_email,
       coalesce(is_in_organization($1::bigint, c.id), false) AS creator_is_member,
       u.name AS delegate_name, u.kind AS delegate_kind, u.email AS delegate_email,
       coalesce(is_in_organization($1::bigint, u.id), false) AS delegate_is_member,
       t.name AS delegate_team
  FROM default_permission d
  LEFT JOIN namespace c ON c.id = d.creator_id
  LEFT JOIN namespace u ON u.id = d.delegate_account_id
  LEFT JOIN team t ON t.id = d.delegate_team_id
 WHERE d.organization_id = $1::bigint AND ($2::uuid IS NULL OR d.id = $2::uuid)
 ORDER BY d.created_at, d.id
