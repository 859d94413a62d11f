-- Writes usage-log rows in one go and counts them for their repositories. Parallel arrays: $1 kinds, $2 repositories (NULL: the one that the metadata names), $3 performers,
-- $4 IPs, $5 request ids, $6 metadata, $7 Unix milliseconds.
WITH written AS (
    INSERT INTO usage_log (at, kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    SELECT to_timestamp(w.at_ms / 1000.0), w.kind, r.namespace_id, r.id, w.performer_id,
           w.ip, w.request_id, w.metadata
      FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[])
           AS w (kind, repository_id, performer_id, ip, request_id, metadata, at_ms)
      LEFT JOIN LATERAL (
        SELECT r.id, r.namespace_id FROM repository r WHERE r.id = w.repository_id
        UNION ALL
        SELECT r.id, r.namespace_id FROM repository r JOIN namespace n ON n.id = r.namespace_id
         WHERE w.repository_id IS NULL AND n.name = w.metadata ->> 'namespace'
           AND r.name = w.metadata ->> 'repo'
         LIMIT 1
      ) r ON true
    RETURNING repository_id, (at AT TIME ZONE 'UTC')::date AS day,
              coalesce((metadata ->> 'count')::bigint, 1) AS count
)
INSERT INTO repository_action_count AS known (repository_id, day, count)
-- In one order, so that two nodes cannot wait for each other.
SELECT repository_id, day, sum(count) FROM written WHERE repository_id IS NOT NULL
 GROUP BY repository_id, day ORDER BY repository_id, day
ON CONFLICT (repository_id, day) DO UPDATE SET count = known.count + excluded.count
