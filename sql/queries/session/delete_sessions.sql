-- Ends all sessions of an account; answers how many. $1 account.
WITH ended AS (DELETE FROM session WHERE account_id = $1::bigint RETURNING 1)
SELECT count(*) FROM ended
