-- Makes a blob present in a repository too. $1 source repository, $2 target, $3 digest,
-- $4 lease seconds. A row when the source has it. Locks the blob row FOR SHARE.
WITH source AS (
    SELECT b.id, b.size_bytes FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
     WHERE rb.repository_id = $1::bigint AND b.digest = $3::bytea AND b.state = 0
       FOR SHARE OF b
)
INSERT INTO repository_blob AS rb (repository_id, blob_id, leased_until)
SELECT $2::bigint, id, clock_timestamp() + make_interval(secs => $4::double precision) FROM source
ON CONFLICT (repository_id, blob_id)
    DO UPDATE SET leased_until = greatest(rb.leased_until, excluded.leased_until)
RETURNING blob_id
