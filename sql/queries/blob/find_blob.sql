-- A blob present in a repository; extends its lease. $1 repository, $2 digest, $3 lease seconds.
-- At most one row. A condemned generation is not present.
WITH present AS (
    SELECT b.id, b.size_bytes, b.inline_bytes, rb.leased_until
      FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
     WHERE rb.repository_id = $1::bigint AND b.digest = $2::bytea AND b.state = 0
), renewed AS (
    UPDATE repository_blob rb
       SET leased_until = clock_timestamp() + make_interval(secs => $3::double precision)
      FROM present p
     WHERE rb.repository_id = $1::bigint AND rb.blob_id = p.id
       AND p.leased_until < clock_timestamp() + make_interval(secs => $3::double precision / 2)
)
SELECT id, size_bytes, inline_bytes FROM present
