-- Makes a repository that must not be there yet; see the function create_repository. $1 namespace,
-- $2 name, $3 visibility, $4 description, $5 account or NULL, $6 IP, $7 request id, $8 most
-- repositories of the namespace or 0, $9 what the log says of the credential, or NULL.
SELECT id, created
  FROM create_repository($1::text, $2::text, $3::text, $4::text, $5::bigint, $6::text, $7::text,
                         $8::bigint, NULL, $9::jsonb)
