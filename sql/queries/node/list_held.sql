-- Why running nodes delete nothing. $1 seconds after which a silent node counts as gone.
SELECT held FROM node
 WHERE held IS NOT NULL AND stopped_at IS NULL
   AND heartbeat_at > clock_timestamp() - make_interval(secs => $1::double precision)
 ORDER BY started_at
