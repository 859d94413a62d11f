-- Invites an address into a team; an earlier invitation stays. $1 team, $2 e-mail, $3 who invites. A row with the id.
INSERT INTO team_invite (team_id, email, inviter_id) VALUES ($1::bigint, $2::text, $3::bigint)
ON CONFLICT (team_id, lower(email)) WHERE email IS NOT NULL
DO UPDATE SET inviter_id = excluded.inviter_id RETURNING id
