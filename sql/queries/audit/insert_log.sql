-- Writes one row of the usage log. $1 kind, $2 namespace, $3 repository, $4 performer, $5 IP,
-- $6 request id, $7 metadata.
INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
VALUES ($1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::text, $7::jsonb)
