-- Whether an account is in a team of an organization or is one of its robots. $1 organization, $2 account.
SELECT is_in_organization($1::bigint, $2::bigint)
