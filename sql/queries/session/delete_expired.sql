-- Forgets sessions that have ended; answers how many.
WITH ended AS (DELETE FROM session WHERE expires_at < clock_timestamp() RETURNING 1)
SELECT count(*) FROM ended
