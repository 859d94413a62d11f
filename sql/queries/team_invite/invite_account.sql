-- Invites a user into a team; an earlier invitation stays. $1 team, $2 user, $3 who invites. A row with the id.
INSERT INTO team_invite (team_id, account_id, inviter_id) VALUES ($1::bigint, $2::bigint, $3::bigint)
ON CONFLICT (team_id, account_id) WHERE account_id IS NOT NULL
DO UPDATE SET inviter_id = excluded.inviter_id RETURNING id
