-- Puts an account into a team. $1 team, $2 account. A row unless it was there.
INSERT INTO team_member (team_id, account_id) VALUES ($1::bigint, $2::bigint)
ON CONFLICT DO NOTHING RETURNING account_id
