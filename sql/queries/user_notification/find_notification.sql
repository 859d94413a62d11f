-- One of them, dismissed or not. $1 account, $2 id.
SELECT u.id, u.kind, u.metadata, u.dismissed, extract(epoch FROM u.created_at)::bigint AS created_s,
       CASE WHEN n.kind = 'organization' THEN n.name END AS organization
  FROM user_notification u JOIN namespace n ON n.id = u.target_id
 WHERE (u.target_id = $1::bigint
        OR u.target_id IN (SELECT t.organization_id FROM team t JOIN team_member m ON m.team_id = t.id
                            WHERE m.account_id = $1::bigint AND t.role = 'admin'))
   AND u.id = $2::uuid AND n.deleted_at IS NULL
