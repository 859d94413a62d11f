-- Renames a user with its robots and outdates all their tokens. $1 account, $2 new name.
UPDATE namespace n
   SET name = CASE WHEN n.id = $1::bigint THEN $2::text ELSE $2::text || '+' || r.short_name END,
       epoch = n.epoch + 1, epoch_changed_at = clock_timestamp()
  FROM (SELECT $1::bigint AS id, NULL::text AS short_name
        UNION ALL
        SELECT namespace_id, short_name FROM robot WHERE owner_id = $1::bigint) r
 WHERE n.id = r.id
