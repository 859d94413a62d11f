-- Deletes keys that expired more than $1 seconds ago, and those that wait for approval for more than
-- $2 seconds.
DELETE FROM service_key
 WHERE expires_at < clock_timestamp() - make_interval(secs => $1::double precision)
    OR (NOT approved AND created_at < clock_timestamp() - make_interval(secs => $2::double precision))
RETURNING kid
