-- Takes an account out of a team. $1 team, $2 account. A row when it was there.
DELETE FROM team_member WHERE team_id = $1::bigint AND account_id = $2::bigint RETURNING account_id
