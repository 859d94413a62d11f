-- What a list shows of repositories, in the order of their ids. $1 ids, $2 account or NULL,
-- $3 whether to look for the newest tag, $4 whether to count actions.
SELECT n.name AS namespace, r.name, r.description, r.visibility = 'public' AS is_public, r.state,
       EXISTS (SELECT 1 FROM star s
                WHERE s.account_id = $2::bigint AND s.repository_id = r.id) AS is_starred,
       (SELECT max(t.start_ms) / 1000 FROM tag t
         WHERE $3::boolean AND t.repository_id = r.id AND NOT t.hidden
           AND (t.end_ms IS NULL OR t.end_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
       ) AS last_modified_s,
       -- Each day counts half of what the day a week later does.
       (SELECT coalesce(sum(a.count * power(0.5::float8, (today.day - a.day) / 7.0::float8)), 0)
          FROM repository_action_count a
         WHERE $4::boolean AND a.repository_id = r.id AND a.day > today.day - 92) AS popularity,
       (SELECT coalesce(sum(b.size_bytes), 0)::bigint
          FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
         WHERE rb.repository_id = r.id) AS size_bytes
  FROM repository r JOIN namespace n ON n.id = r.namespace_id
 CROSS JOIN (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day) today
 WHERE r.id = ANY ($1::bigint[]) AND r.state <> 'MARKED_FOR_DELETION'
 ORDER BY r.id
