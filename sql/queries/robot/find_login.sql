-- A robot as it logs in. $1 its owner's name, $2 its short name.
SELECT r.namespace_id AS id, r.owner_id, n.name, n.epoch, n.enabled, o.enabled AS owner_enabled,
       o.epoch AS owner_epoch, o.kind = 'organization' AS of_organization, o.name AS owner_name,
       r.sealed_token, floor(extract(epoch FROM r.expires_at))::bigint AS expires_at_s
  FROM robot r
  JOIN namespace n ON n.id = r.namespace_id AND n.deleted_at IS NULL
  JOIN namespace o ON o.id = r.owner_id AND o.deleted_at IS NULL
 WHERE o.name = $1::text AND r.short_name = $2::text
