-- Whether a tag of that name ever lived. $1 repository, $2 name. One row.
SELECT EXISTS (SELECT 1 FROM tag WHERE repository_id = $1::bigint AND name = $2::text AND NOT hidden)
