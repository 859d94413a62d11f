-- Whether an invitation waits. $1 its id.
SELECT EXISTS (SELECT 1 FROM team_invite WHERE id = $1::uuid)
