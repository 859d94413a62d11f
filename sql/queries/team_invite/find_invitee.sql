-- Whom an invitation is for. $1 its id. A row when there is one for a user.
SELECT n.name FROM team_invite i JOIN namespace n ON n.id = i.account_id WHERE i.id = $1::uuid
