-- Takes a star away. $1 account, $2 repository. A row when there was one.
DELETE FROM star WHERE account_id = $1::bigint AND repository_id = $2::bigint RETURNING repository_id
