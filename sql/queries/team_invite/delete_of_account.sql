-- Takes back a user's invitation. $1 team, $2 user. A row with its id when there was one.
DELETE FROM team_invite WHERE team_id = $1::bigint AND account_id = $2::bigint RETURNING id
