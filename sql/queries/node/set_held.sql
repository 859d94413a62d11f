-- Says why a node deletes nothing. $1 node, $2 reasons or NULL.
UPDATE node SET held = $2::text WHERE id = $1::uuid
