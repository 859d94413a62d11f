-- What a suspect generation should be. $1 blob. At most one row.
SELECT digest, size_bytes FROM blob WHERE id = $1::bigint AND state = 3
