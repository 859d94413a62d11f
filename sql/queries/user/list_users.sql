-- Users in the order of their ids. $1 after this id, $2 disabled ones too, $3 how many.
SELECT n.id, n.name, n.enabled, n.email, n.invoice_email, n.invoice_email_address, n.tag_expiration_s,
       a.verified, a.superuser, a.given_name, a.family_name, a.company, a.location, a.metadata_given,
       a.password_phc IS NOT NULL AS has_password
  FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.id > $1::bigint AND n.deleted_at IS NULL AND (n.enabled OR $2::boolean)
 ORDER BY n.id LIMIT $3::bigint
