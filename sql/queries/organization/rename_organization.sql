-- Renames an organization and its robots, and outdates tokens that name it. $1 organization,
-- $2 new name. One row when it is there.
WITH renamed AS (
    UPDATE namespace SET name = $2::text, epoch = epoch + 1, epoch_changed_at = clock_timestamp()
     WHERE id = $1::bigint AND kind = 'organization' AND deleted_at IS NULL RETURNING id
), robots AS (
    UPDATE namespace n SET name = $2::text || '+' || r.short_name,
           epoch = n.epoch + 1, epoch_changed_at = clock_timestamp()
      FROM robot r, renamed o WHERE r.owner_id = o.id AND n.id = r.namespace_id
)
SELECT id FROM renamed
