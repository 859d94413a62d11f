-- Takes back an address's invitation. $1 team, $2 e-mail. A row with its id when there was one.
DELETE FROM team_invite WHERE team_id = $1::bigint AND lower(email) = lower($2::text) RETURNING id
