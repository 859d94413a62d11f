-- Enables or disables a user and outdates its tokens. $1 name, $2 enabled. One row when found.
UPDATE namespace SET enabled = $2::boolean, epoch = epoch + 1, epoch_changed_at = clock_timestamp()
 WHERE name = $1::text RETURNING id
