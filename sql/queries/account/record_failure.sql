-- Counts a wrong password. $1 account.
UPDATE account SET failed_logins = failed_logins + 1, last_failure_at = clock_timestamp()
 WHERE namespace_id = $1::bigint
