-- Teams that match and that an account is in, or whose organization it administers. $1 account,
-- $2 a pattern, $3 how many.
SELECT t.name, o.name AS organization, o.email
  FROM team t JOIN namespace o ON o.id = t.organization_id
 WHERE t.name LIKE $2::text AND o.enabled
   AND (EXISTS (SELECT 1 FROM team_member m WHERE m.team_id = t.id AND m.account_id = $1::bigint)
        OR o.id IN (SELECT administered_namespaces($1::bigint)))
 ORDER BY t.name, o.name LIMIT $3::bigint
