-- Whether an account is in a team. $1 organization, $2 team's name, $3 account.
SELECT EXISTS (SELECT 1 FROM team t JOIN team_member m ON m.team_id = t.id
                WHERE t.organization_id = $1::bigint AND t.name = $2::text AND m.account_id = $3::bigint)
