-- Takes an account's role on a repository. $1 repository, $2 account. A row when there was one.
DELETE FROM repository_permission WHERE repository_id = $1::bigint AND account_id = $2::bigint RETURNING role
