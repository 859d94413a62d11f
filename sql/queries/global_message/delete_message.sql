-- Takes a message away. $1 id.
DELETE FROM global_message WHERE id = $1::uuid RETURNING id
