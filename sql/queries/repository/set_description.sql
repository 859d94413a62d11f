-- Changes the description. $1 repository, $2 text. A row unless it was deleted.
UPDATE repository SET description = $2::text
 WHERE id = $1::bigint AND state <> 'MARKED_FOR_DELETION' RETURNING id
