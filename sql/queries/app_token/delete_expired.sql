-- Forgets app-specific tokens that ended so many seconds ago; answers how many. $1 seconds.
WITH gone AS (
    DELETE FROM app_token
     WHERE expires_at < clock_timestamp() - make_interval(secs => $1::double precision)
    RETURNING 1
)
SELECT count(*) FROM gone
