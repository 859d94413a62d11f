-- Saves an upload's synced state. $1 id, $2 repository, $3 epoch, $4 offset, $5 hash state,
-- $6 inline bytes or NULL, then its segments: $7 batches, $8 names, $9 positions, $10 sizes.
-- One row: whether it was saved; not when another node took over or a new segment's batch closed.
WITH fence AS (
    SELECT b.id FROM segment_batch b WHERE b.id = ANY ($7::bigint[]) AND b.closed_at IS NULL
     ORDER BY b.id FOR SHARE
), named AS (
    SELECT w.batch_id, w.name, w.position, w.size_bytes
      FROM unnest($7::bigint[], $8::bytea[], $9::integer[], $10::bigint[])
           AS w (batch_id, name, position, size_bytes)
), fenced AS (
    SELECT 1 FROM named w
     WHERE w.batch_id NOT IN (SELECT id FROM fence)
       AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.batch_id = w.batch_id AND s.name = w.name
                          AND s.upload_id = $1::uuid)
     LIMIT 1
), saved AS (
    INSERT INTO upload AS u (id, repository_id, epoch, offset_bytes, hash_state, inline_bytes)
    SELECT $1::uuid, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea
     WHERE NOT EXISTS (SELECT 1 FROM fenced)
    ON CONFLICT (id) DO UPDATE
       SET offset_bytes = excluded.offset_bytes, hash_state = excluded.hash_state,
           inline_bytes = excluded.inline_bytes, saved_at = clock_timestamp()
     WHERE u.epoch = excluded.epoch
    RETURNING u.id
), segments AS (
    INSERT INTO segment AS s (batch_id, name, upload_id, position, size_bytes)
    SELECT w.batch_id, w.name, saved.id, w.position, w.size_bytes FROM named w, saved
    ON CONFLICT (batch_id, name) DO UPDATE SET size_bytes = excluded.size_bytes
     WHERE s.upload_id = excluded.upload_id
)
SELECT EXISTS (SELECT 1 FROM saved) AS saved
