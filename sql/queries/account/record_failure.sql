-- Counts a wrong password; what is older than a day is forgotten. $1 account, $2 network.
WITH old AS (
    DELETE FROM login_failure
     WHERE account_id = $1::bigint AND network <> $2::text
       AND last_at < clock_timestamp() - interval '1 day'
)
INSERT INTO login_failure AS f (account_id, network, failures, last_at)
VALUES ($1::bigint, $2::text, 1, clock_timestamp())
ON CONFLICT (account_id, network) DO UPDATE
   SET failures = f.failures + 1, last_at = clock_timestamp()
