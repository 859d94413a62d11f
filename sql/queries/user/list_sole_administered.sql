-- Organizations that nobody else administers. $1 account.
SELECT DISTINCT o.name
  FROM team_member m
  JOIN team t ON t.id = m.team_id AND t.role = 'admin'
  JOIN namespace o ON o.id = t.organization_id AND o.deleted_at IS NULL
 WHERE m.account_id = $1::bigint
   AND NOT EXISTS (
        SELECT 1 FROM team t2
          JOIN team_member m2 ON m2.team_id = t2.id
          JOIN namespace u ON u.id = m2.account_id AND u.kind = 'user' AND u.deleted_at IS NULL
         WHERE t2.organization_id = o.id AND t2.role = 'admin' AND m2.account_id <> $1::bigint)
 ORDER BY o.name
