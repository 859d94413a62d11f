-- Forgets OAuth tokens and codes that have ended; answers how many tokens.
WITH codes AS (DELETE FROM oauth_code WHERE expires_at < clock_timestamp()),
     gone AS (DELETE FROM oauth_token WHERE expires_at < clock_timestamp() RETURNING 1)
SELECT count(*) FROM gone
