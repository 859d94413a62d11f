-- Makes a repository if it is not there. $1 namespace, $2 name, $3 visibility, $4 account or NULL,
-- $5 IP, $6 request id, $7 most repositories of the namespace or 0,
-- $8 namespaces it may lie in, or NULL. A row with the id, new or not,
-- or NULL when there are too many; none when the namespace is missing or another.
SELECT id FROM create_repository($1::text, $2::text, $3::text, '', $4::bigint, $5::text, $6::text,
                                 $7::bigint, $8::bigint[])
