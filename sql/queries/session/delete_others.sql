-- Ends the sessions of an account but one. $1 account, $2 hash of the one's token.
DELETE FROM session WHERE account_id = $1::bigint AND token_hash <> $2::bytea
