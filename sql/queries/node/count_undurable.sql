-- How many live nodes leave their bytes with the operating system. $1 seconds after which a silent
-- node counts as gone. One row.
SELECT count(*) AS undurable FROM node
 WHERE stopped_at IS NULL AND durable_mark < 9223372036854775807
   AND heartbeat_at > clock_timestamp() - make_interval(secs => $1::double precision)
