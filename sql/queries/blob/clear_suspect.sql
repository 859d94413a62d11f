-- Notes that a suspect generation was hashed and is whole. $1 blob. A row when it was suspect.
UPDATE blob SET state = 0 WHERE id = $1::bigint AND state = 3 RETURNING id
