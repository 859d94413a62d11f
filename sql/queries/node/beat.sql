-- A heartbeat. $1 node, $2 seconds after which a silent node counts as gone.
-- One row: how many other nodes run, the database's clock in Unix milliseconds, its counter, and
-- how often a change of its identity was accepted.
WITH beat AS (
    UPDATE node SET heartbeat_at = clock_timestamp() WHERE id = $1::uuid
)
SELECT (SELECT count(*) FROM node
         WHERE id <> $1::uuid AND stopped_at IS NULL
           AND heartbeat_at > clock_timestamp() - make_interval(secs => $2::double precision))
           AS others,
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, r.counter, r.accepted
  FROM registry_identity r
