-- Notes that a user was here. $1 account.
UPDATE account SET last_accessed_at = clock_timestamp() WHERE namespace_id = $1::bigint
