-- Replaces a password and forgets wrong ones. $1 account, $2 password hash.
WITH forgotten AS (DELETE FROM login_failure WHERE account_id = $1::bigint)
UPDATE account SET password_phc = $2::text WHERE namespace_id = $1::bigint
