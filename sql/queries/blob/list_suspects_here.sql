-- Suspect generations of these digests in a repository. $1 repository, $2 digests.
SELECT b.id FROM unnest($2::bytea[]) AS w (digest)
  JOIN blob b ON b.digest = w.digest AND b.state >= 3 AND b.state = 3
  JOIN repository_blob rb ON rb.repository_id = $1::bigint AND rb.blob_id = b.id
