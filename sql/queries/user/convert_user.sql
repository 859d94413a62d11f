-- Makes a user an organization. $1 account, $2 who administers it.
SELECT convert_user($1::bigint, $2::bigint)
