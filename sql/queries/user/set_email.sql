-- Replaces an address, which then is proven. $1 account, $2 e-mail or NULL. A row when it exists.
WITH changed AS (
    UPDATE namespace SET email = $2::text WHERE id = $1::bigint RETURNING id
)
UPDATE account a SET verified = true FROM changed WHERE a.namespace_id = changed.id
RETURNING a.namespace_id
