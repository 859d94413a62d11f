-- Removes a blob's presence from a repository. $1 repository, $2 digest.
-- One row: whether it was there, and whether a served manifest needs it (then nothing changes).
WITH present AS (
    SELECT b.id FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
     WHERE rb.repository_id = $1::bigint AND b.digest = $2::bytea FOR UPDATE OF rb
), needed AS (
    SELECT 1 FROM manifest_blob mb JOIN present p ON p.id = mb.blob_id
      JOIN manifest m ON m.id = mb.manifest_id
     WHERE mb.repository_id = $1::bigint AND m.deleted_at IS NULL
       AND served_until_ms(m.repository_id, m.digest,
                           (extract(epoch FROM clock_timestamp()) * 1000)::bigint) IS NOT NULL
     LIMIT 1
), removed AS (
    DELETE FROM repository_blob rb USING present p
     WHERE rb.repository_id = $1::bigint AND rb.blob_id = p.id AND NOT EXISTS (SELECT 1 FROM needed)
)
SELECT EXISTS (SELECT 1 FROM present) AS present, EXISTS (SELECT 1 FROM needed) AS needed
