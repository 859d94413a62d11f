-- Repositories that an account may see and that match, the best first. $1 account or NULL,
-- $2 whether it sees everything, $3 the words as they are, $4 as a pattern that finds them
-- anywhere, $5 a namespace and $6 a pattern for names in it, or NULL, $7 how many, $8 after how
-- many others. An exact name comes before one that begins with the words, then names that hold
-- them, then descriptions; of equals, what is used more. Only the first thousand are compared.
WITH matching AS (
    SELECT r.id,
           CASE WHEN r.name = $3::text OR n.name = $5::text THEN 0
                WHEN starts_with(r.name, $3::text) THEN 1
                WHEN r.name LIKE $4::text THEN 2 ELSE 3 END AS rank
      FROM repository r JOIN namespace n ON n.id = r.namespace_id
     WHERE (r.name LIKE $4::text OR r.description ILIKE $4::text
            OR (r.namespace_id = (SELECT id FROM namespace WHERE name = $5::text)
                AND r.name LIKE $6::text))
       AND r.state <> 'MARKED_FOR_DELETION' AND n.enabled
       AND ($2::boolean OR r.visibility = 'public'
            OR r.namespace_id IN (SELECT administered_namespaces($1::bigint))
            OR r.id IN (SELECT granted_repositories($1::bigint)))
     ORDER BY rank, r.id LIMIT 1000
)
SELECT n.name AS namespace, n.kind = 'organization' AS in_organization, n.email,
       r.name, r.description, r.visibility = 'public' AS is_public, used.popularity,
       (SELECT max(t.start_ms) / 1000 FROM tag t
         WHERE t.repository_id = r.id AND NOT t.hidden
           AND (t.end_ms IS NULL OR t.end_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
       ) AS last_modified_s,
       (SELECT count(*) FROM star s WHERE s.repository_id = r.id) AS stars
  FROM matching m JOIN repository r ON r.id = m.id JOIN namespace n ON n.id = r.namespace_id
 CROSS JOIN (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day) today
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(a.count * power(0.5::float8, (today.day - a.day) / 7.0::float8)), 0) AS popularity
      FROM repository_action_count a WHERE a.repository_id = r.id AND a.day > today.day - 92
 ) used
 ORDER BY m.rank, used.popularity DESC, m.id LIMIT $7::bigint OFFSET $8::bigint
