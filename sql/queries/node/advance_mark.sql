-- Notes that a node's generations up to a mark are on disk. $1 node, $2 mark, $3 whether the sync
-- was the first since the start: it covered what dead nodes of this boot had left in the page cache.
UPDATE node SET durable_mark = CASE WHEN id = $1::uuid THEN greatest(durable_mark, $2::bigint)
                                    ELSE 9223372036854775807 END
 WHERE id = $1::uuid
    OR ($3::boolean AND id <> $1::uuid AND durable_mark < 9223372036854775807)
