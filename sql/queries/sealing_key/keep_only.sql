-- Forgets all keys but one; answers how many. $1 fingerprint.
WITH gone AS (DELETE FROM sealing_key WHERE fingerprint <> $1::bytea RETURNING 1)
SELECT count(*) FROM gone
