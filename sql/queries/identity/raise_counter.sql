-- Raises the counter above itself and above another. $1 the other. One row: the new counter.
UPDATE registry_identity SET counter = greatest(counter, $1::bigint) + 1 RETURNING counter
