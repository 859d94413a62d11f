-- Deletes a user. $1 account.
SELECT delete_user($1::bigint)
