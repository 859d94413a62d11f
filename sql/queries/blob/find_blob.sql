-- A blob in a repository; extends its lease when it is present. $1 repository, $2 digest,
-- $3 lease seconds. At most one row. A condemned generation is not present; a suspect one is
-- answered as such and has to be hashed before anybody relies on it.
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
SELECT id, size_bytes, inline_bytes, false AS suspect FROM present
UNION ALL
SELECT b.id, b.size_bytes, NULL, true
  FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
 WHERE rb.repository_id = $1::bigint AND b.digest = $2::bytea AND b.state >= 3 AND b.state = 3
   AND NOT EXISTS (SELECT 1 FROM present)
 LIMIT 1
