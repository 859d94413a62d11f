-- Makes a deleted manifest servable again; see the function revive_manifest. $1 repository,
-- $2 manifest. One row: whether all of it is still there.
SELECT revive_manifest($1::bigint, $2::bigint)
