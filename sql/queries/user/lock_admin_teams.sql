-- Keeps the teams by which an account administers organizations from changing. $1 account.
SELECT t.id FROM team t
 WHERE t.role = 'admin'
   AND t.organization_id IN (SELECT t2.organization_id FROM team t2 JOIN team_member m ON m.team_id = t2.id
                              WHERE m.account_id = $1::bigint AND t2.role = 'admin')
 ORDER BY t.id FOR UPDATE
