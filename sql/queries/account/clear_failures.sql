-- Forgets wrong passwords after a right one. $1 account, $2 network.
DELETE FROM login_failure WHERE account_id = $1::bigint AND network = $2::text
