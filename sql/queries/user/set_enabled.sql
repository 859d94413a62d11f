-- Enables or disables a user and outdates its tokens. $1 account, $2 enabled.
UPDATE namespace SET enabled = $2::boolean, epoch = epoch + 1, epoch_changed_at = clock_timestamp()
 WHERE id = $1::bigint
