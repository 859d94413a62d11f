-- The teams of an organization in order of making. $1 organization, $2 the account that asks, or NULL.
SELECT t.name, t.role, t.description,
       (SELECT count(*) FROM repository_permission p JOIN repository r ON r.id = p.repository_id
         WHERE p.team_id = t.id AND r.state <> 'MARKED_FOR_DELETION') AS repo_count,
       (SELECT count(*) FROM team_member m WHERE m.team_id = t.id) AS member_count,
       EXISTS (SELECT 1 FROM team_member m WHERE m.team_id = t.id AND m.account_id = $2::bigint) AS has_caller
  FROM team t WHERE t.organization_id = $1::bigint ORDER BY t.id
