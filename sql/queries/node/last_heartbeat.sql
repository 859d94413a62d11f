-- The database's clock and when any node was last seen alive, in Unix milliseconds. One row.
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms,
       (SELECT (extract(epoch FROM max(greatest(heartbeat_at, stopped_at))) * 1000)::bigint FROM node) AS last_ms
