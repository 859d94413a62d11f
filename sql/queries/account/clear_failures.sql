-- Forgets wrong passwords after a right one. $1 account.
UPDATE account SET failed_logins = 0, last_failure_at = NULL
 WHERE namespace_id = $1::bigint AND failed_logins > 0
