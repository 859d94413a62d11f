-- Replaces a password and forgets wrong ones. $1 account, $2 password hash.
UPDATE account SET password_phc = $2::text, failed_logins = 0, last_failure_at = NULL
 WHERE namespace_id = $1::bigint
