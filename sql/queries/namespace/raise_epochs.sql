-- Outdates the tokens of principals and namespaces. $1 their ids.
SELECT raise_epochs($1::bigint[])
