-- Removes a blob's presence from a repository, unless a served manifest needs it.
-- Answers whether it was there and whether it is needed (then nothing changes).
-- Locks: the repository row, as a push does. A single statement would not see
-- the manifest of a push that it has waited for.
CREATE FUNCTION unlink_blob(of_repository bigint, of_digest bytea)
RETURNS TABLE (present boolean, needed boolean) LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    present_ids bigint[];
BEGIN
    PERFORM 1 FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    SELECT array_agg(b.id) INTO present_ids
      FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
     WHERE rb.repository_id = of_repository AND b.digest = of_digest;
    IF present_ids IS NULL THEN RETURN QUERY SELECT false, false; RETURN; END IF;
    IF EXISTS (SELECT 1 FROM manifest_blob mb JOIN manifest m ON m.id = mb.manifest_id
                WHERE mb.repository_id = of_repository AND mb.blob_id = ANY (present_ids)
                  AND m.deleted_at IS NULL
                  AND served_until_ms(of_repository, m.digest, now_ms) IS NOT NULL) THEN
        RETURN QUERY SELECT true, true; RETURN;
    END IF;
    DELETE FROM repository_blob rb
     WHERE rb.repository_id = of_repository AND rb.blob_id = ANY (present_ids);
    RETURN QUERY SELECT true, false;
END
$$;
