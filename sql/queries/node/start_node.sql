-- Announces a node. $1 id, $2 the kernel's boot or NULL, $3 whether it leaves bytes with the
-- operating system: then only what others wrote before it counts as being on disk.
-- One row: its durable mark.
INSERT INTO node (id, boot_id, durable_mark)
SELECT $1::uuid, $2::text,
       CASE WHEN $3::boolean THEN coalesce((SELECT max(b.id) FROM blob b), 0)
            ELSE 9223372036854775807 END
RETURNING durable_mark
