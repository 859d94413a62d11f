-- Stars a repository. $1 account, $2 repository. A row, none when it was starred.
INSERT INTO star (account_id, repository_id) VALUES ($1::bigint, $2::bigint)
ON CONFLICT DO NOTHING RETURNING repository_id
