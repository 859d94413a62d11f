-- Commits a group of uploads; see the function commit_blobs.
SELECT item, blob_id, stored, fenced FROM commit_blobs(
    $1::bytea[], $2::bigint[], $3::bytea[], $4::integer[], $5::bigint[], $6::bytea[],
    $7::integer[], $8::bigint[], $9::uuid[], $10::integer[], $11::bigint[], $12::double precision)
