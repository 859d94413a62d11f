-- Gives an account a role on a repository in place of the one it has. $1 repository, $2 account, $3 role.
INSERT INTO repository_permission (repository_id, account_id, role) VALUES ($1::bigint, $2::bigint, $3::text)
ON CONFLICT (repository_id, account_id) WHERE account_id IS NOT NULL DO UPDATE SET role = excluded.role
