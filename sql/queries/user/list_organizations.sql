-- The organizations that an account is in, with its role there. $1 account.
SELECT n.id, n.name, n.email, highest_role(array_agg(t.role)) AS role
  FROM team_member m
  JOIN team t ON t.id = m.team_id
  JOIN namespace n ON n.id = t.organization_id AND n.deleted_at IS NULL
 WHERE m.account_id = $1::bigint
 GROUP BY n.id ORDER BY n.name
