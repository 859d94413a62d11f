-- Makes a repository if it is not there. $1 namespace, $2 name, $3 visibility, $4 account or NULL,
-- $5 IP, $6 request id. A row with the id, new or not; none when the namespace is missing.
WITH made AS (
    INSERT INTO repository (namespace_id, name, visibility, created_by)
    SELECT n.id, $2::text, $3::text, $4::bigint FROM namespace n WHERE n.name = $1::text
    ON CONFLICT (namespace_id, name) DO NOTHING
    RETURNING id, namespace_id
), logged AS (
    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    SELECT 'create_repo', namespace_id, id, $4::bigint, $5::text, $6::text,
           jsonb_build_object('namespace', $1::text, 'repo', $2::text) FROM made
)
SELECT id FROM made
UNION ALL
SELECT r.id FROM repository r JOIN namespace n ON n.id = r.namespace_id
 WHERE n.name = $1::text AND r.name = $2::text
LIMIT 1
