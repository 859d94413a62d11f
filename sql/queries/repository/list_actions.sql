-- How often something was done with a repository on each of the days before today (UTC), the
-- latest first. $1 repository, $2 how many days.
SELECT d.day::text AS day, coalesce(a.count, 0)::bigint AS count
  FROM (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date - back AS day
          FROM generate_series(1, $2::integer) AS back) d
  LEFT JOIN repository_action_count a ON a.repository_id = $1::bigint AND a.day = d.day
 ORDER BY d.day DESC
