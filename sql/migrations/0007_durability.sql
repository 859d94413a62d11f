-- What is known to be on disk, what has to be read again before it is used, and
-- which database this is.

ALTER TABLE node
    -- The kernel's boot the node ran in; NULL when unknown, which counts as another one.
    ADD COLUMN boot_id text,
    -- Of the generations the node wrote, those up to this id are on disk. The largest number
    -- means all of them: after a clean stop, and always when each commit waits for the disk.
    ADD COLUMN durable_mark bigint NOT NULL DEFAULT 9223372036854775807,
    -- Why the node deletes nothing at present; NULL when nothing holds it.
    ADD COLUMN held text;
CREATE INDEX node_undurable ON node (durable_mark) WHERE durable_mark < 9223372036854775807;

-- Two more states of a generation: 3 suspect, its bytes may not have reached the disk and are to be
-- hashed before anybody relies on them; 4 lost, they were found damaged. Neither is present, and
-- the next push of the digest takes their place.
CREATE INDEX blob_doubtful ON blob (digest) WHERE state >= 3;
CREATE INDEX blob_suspect ON blob (id) WHERE state = 3;

-- One row: a count that never goes back while this is the same database. The store keeps it too.
CREATE TABLE registry_identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    counter  bigint NOT NULL DEFAULT 0,
    -- Grows with each `slipway fsck --accept`.
    accepted bigint NOT NULL DEFAULT 0,
    -- The last of them that took effect.
    accepted_done bigint NOT NULL DEFAULT 0
);
INSERT INTO registry_identity DEFAULT VALUES;

-- The server's own identity; NULL where the role may not ask for it.
CREATE FUNCTION server_identity(OUT system_identifier text, OUT timeline text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT c.system_identifier::text INTO system_identifier FROM pg_control_system() c;
    timeline := substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    system_identifier := NULL;
    timeline := NULL;
END
$$;

-- Makes suspects of what dead nodes of another boot left with the operating system.
-- The caller knows that no other such node is alive. Answers how many generations became suspect,
-- and how many nodes of the same boot still have bytes in the page cache only.
CREATE FUNCTION suspect_undurable(own_node uuid, own_boot text)
RETURNS TABLE (suspects bigint, cached_nodes bigint) LANGUAGE plpgsql AS $$
DECLARE
    everything constant bigint := 9223372036854775807;
    dark uuid[];
    suspect_count bigint := 0;
BEGIN
    PERFORM 1 FROM node n WHERE n.durable_mark < everything AND n.id <> own_node
      ORDER BY n.id FOR UPDATE;
    SELECT array_agg(n.id) INTO dark FROM node n
     WHERE n.durable_mark < everything AND n.id <> own_node
       AND (n.boot_id IS NULL OR own_boot IS NULL OR n.boot_id <> own_boot);
    IF dark IS NOT NULL THEN
        UPDATE blob b SET state = 3
         WHERE b.state < 2
           AND b.id > (SELECT min(n.durable_mark) FROM node n WHERE n.id = ANY (dark))
           AND EXISTS (SELECT 1 FROM segment k
                         JOIN segment_batch sb ON sb.id = k.batch_id
                         JOIN node n ON n.id = sb.node_id
                        WHERE k.blob_id = b.id AND n.id = ANY (dark) AND b.id > n.durable_mark);
        GET DIAGNOSTICS suspect_count = ROW_COUNT;
        UPDATE node n SET durable_mark = everything WHERE n.id = ANY (dark);
    END IF;
    RETURN QUERY SELECT suspect_count, count(*) FROM node n
                  WHERE n.durable_mark < everything AND n.id <> own_node;
END
$$;

-- Lets the live generation of a digest take the place of one that is suspect or lost.
CREATE FUNCTION replace_doubtful(doubtful bigint, of_digest bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    live bigint;
BEGIN
    SELECT b.id INTO live FROM blob b WHERE b.digest = of_digest AND b.state = 0;
    IF live IS NULL THEN RETURN; END IF;
    INSERT INTO repository_blob (repository_id, blob_id, leased_until)
    SELECT rb.repository_id, live, rb.leased_until FROM repository_blob rb
     WHERE rb.blob_id = doubtful
     ORDER BY rb.repository_id
    ON CONFLICT (repository_id, blob_id) DO NOTHING;
    INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
    SELECT mb.manifest_id, live, mb.repository_id FROM manifest_blob mb
      JOIN repository_blob rb ON rb.repository_id = mb.repository_id AND rb.blob_id = doubtful
     WHERE mb.blob_id = doubtful
    ON CONFLICT (manifest_id, blob_id) DO NOTHING;
    DELETE FROM manifest_blob mb USING repository_blob rb
     WHERE rb.blob_id = doubtful AND mb.repository_id = rb.repository_id AND mb.blob_id = doubtful;
    DELETE FROM repository_blob rb WHERE rb.blob_id = doubtful;
    WITH gone AS (DELETE FROM segment k WHERE k.blob_id = doubtful RETURNING k.batch_id)
    UPDATE segment_batch b SET swept_at = NULL
     WHERE b.swept_at IS NOT NULL AND b.id IN (SELECT g.batch_id FROM gone g);
    DELETE FROM blob b WHERE b.id = doubtful;
END
$$;

-- Commits a group of finished uploads in one round trip.
--
-- Items (parallel arrays, sorted by digest, digests distinct): digest, size,
-- inline bytes or NULL. Segments name their item by its 1-based number. Links
-- name an item and a repository, which gets a lease on the blob.
-- Answers a row per item: the generation, whether this call stored it (a loser
-- of a race for one digest drops its segments), and whether its batch was
-- closed (then nothing of the item was written). A loser's segments that a saved
-- upload named are unnamed from here on, so their batches are swept again.
-- A suspect or lost generation of the digest gives its place to this one: what pointed at it points
-- at the new bytes, which were hashed just now.
-- Locks: batches FOR SHARE, then blob rows in digest order.
CREATE OR REPLACE FUNCTION commit_blobs(
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

    PERFORM replace_doubtful(d.id, d.digest)
       FROM (SELECT b.id, b.digest
               FROM unnest(digests) WITH ORDINALITY AS i (digest, ord)
               JOIN blob b ON b.digest = i.digest AND b.state >= 3
              WHERE NOT (i.ord::integer = ANY (fenced_items)) AND blob_ids[i.ord] IS NOT NULL
              ORDER BY b.digest, b.id FOR UPDATE OF b) AS d;

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
