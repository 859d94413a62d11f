-- Commits a group of finished uploads in one round trip.
--
-- Items (parallel arrays, sorted by digest, digests distinct): digest, size,
-- inline bytes or NULL. Segments name their item by its 1-based number. Links
-- name an item and a repository, which gets a lease on the blob.
-- Answers a row per item: the generation, whether this call stored it (a loser
-- of a race for one digest drops its segments), and whether its batch was
-- closed (then nothing of the item was written). A loser's segments that a saved
-- upload named are unnamed from here on, so their batches are swept again.
-- Locks: batches FOR SHARE, then blob rows in digest order.
CREATE FUNCTION commit_blobs(
    digests bytea[], sizes bigint[], inlines bytea[],
    segment_items integer[], segment_batches bigint[], segment_names bytea[],
    segment_positions integer[], segment_sizes bigint[], segment_uploads uuid[],
    link_items integer[], link_repositories bigint[], lease_seconds double precision
) RETURNS TABLE (item integer, blob_id bigint, stored boolean, fenced boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_at timestamptz := clock_timestamp();
    fenced_items integer[] := '{}';
    inserted_items integer[] := '{}';
    blob_ids bigint[];
BEGIN
    IF cardinality(segment_items) > 0 THEN
        PERFORM 1 FROM segment_batch b
         WHERE b.id = ANY (segment_batches) ORDER BY b.id FOR SHARE;
        -- A segment that is named already, by this saved upload or by a commit whose answer was
        -- lost, is safe in a closed batch.
        SELECT coalesce(array_agg(DISTINCT s.item), '{}') INTO fenced_items
          FROM unnest(segment_items, segment_batches, segment_names, segment_uploads)
               AS s (item, batch_id, name, upload_id)
          LEFT JOIN segment_batch b ON b.id = s.batch_id AND b.closed_at IS NULL
         WHERE b.id IS NULL
           AND NOT EXISTS (SELECT 1 FROM segment k
                            WHERE k.batch_id = s.batch_id AND k.name = s.name
                              AND (k.upload_id = s.upload_id OR k.blob_id IS NOT NULL));
    END IF;

    WITH wanted AS (
        SELECT i.ord::integer AS item, i.digest, i.size_bytes, i.inline_bytes
          FROM unnest(digests, sizes, inlines) WITH ORDINALITY
               AS i (digest, size_bytes, inline_bytes, ord)
         WHERE NOT (i.ord::integer = ANY (fenced_items))
    ), added AS (
        INSERT INTO blob AS b (digest, size_bytes, inline_bytes)
        SELECT w.digest, w.size_bytes, w.inline_bytes FROM wanted w ORDER BY w.item
        ON CONFLICT (digest) WHERE state < 2
            DO UPDATE SET state = 0 WHERE b.state = 1
        RETURNING b.digest, (b.xmax = 0) AS fresh
    )
    SELECT coalesce(array_agg(w.item), '{}') INTO inserted_items
      FROM added a JOIN wanted w USING (digest) WHERE a.fresh;

    -- A fresh statement sees what a concurrent transaction has committed.
    SELECT array_agg(b.id ORDER BY i.ord) INTO blob_ids
      FROM unnest(digests) WITH ORDINALITY AS i (digest, ord)
      LEFT JOIN blob b ON b.digest = i.digest AND b.state = 0;

    IF cardinality(segment_items) > 0 THEN
        DELETE FROM segment k
         USING unnest(segment_items, segment_batches, segment_names)
               AS s (item, batch_id, name)
         WHERE k.batch_id = s.batch_id AND k.name = s.name AND k.upload_id IS NOT NULL
           AND NOT (s.item = ANY (fenced_items));
        INSERT INTO segment (batch_id, name, blob_id, position, size_bytes)
        SELECT s.batch_id, s.name, blob_ids[s.item], s.position, s.size_bytes
          FROM unnest(segment_items, segment_batches, segment_names,
                      segment_positions, segment_sizes)
               AS s (item, batch_id, name, position, size_bytes)
         WHERE s.item = ANY (inserted_items);
        UPDATE segment_batch b SET swept_at = NULL
         WHERE b.swept_at IS NOT NULL
           AND b.id IN (SELECT s.batch_id
                          FROM unnest(segment_items, segment_batches) AS s (item, batch_id)
                         WHERE NOT (s.item = ANY (inserted_items))
                           AND NOT (s.item = ANY (fenced_items)));
        DELETE FROM upload u
         USING unnest(segment_items, segment_uploads) AS s (item, upload_id)
         WHERE u.id = s.upload_id AND NOT (s.item = ANY (fenced_items));
    END IF;

    INSERT INTO repository_blob AS rb (repository_id, blob_id, leased_until)
    SELECT DISTINCT l.repository_id, blob_ids[l.item],
           now_at + make_interval(secs => lease_seconds)
      FROM unnest(link_items, link_repositories) AS l (item, repository_id)
      JOIN repository r ON r.id = l.repository_id
     WHERE blob_ids[l.item] IS NOT NULL AND NOT (l.item = ANY (fenced_items))
     ORDER BY 1, 2
    ON CONFLICT (repository_id, blob_id)
        DO UPDATE SET leased_until = greatest(rb.leased_until, excluded.leased_until);

    RETURN QUERY
    SELECT i.ord::integer, blob_ids[i.ord], i.ord::integer = ANY (inserted_items),
           i.ord::integer = ANY (fenced_items)
      FROM unnest(digests) WITH ORDINALITY AS i (digest, ord);
END
$$;
