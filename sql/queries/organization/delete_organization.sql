-- Ends an organization. $1 organization.
SELECT delete_organization($1::bigint)
