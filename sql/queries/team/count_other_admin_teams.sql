-- Counts the admin teams of an organization that an account is in, but for one team.
-- $1 organization, $2 account, $3 team.
SELECT count(*) FROM team t JOIN team_member m ON m.team_id = t.id
 WHERE t.organization_id = $1::bigint AND t.role = 'admin' AND m.account_id = $2::bigint AND t.id <> $3::bigint
