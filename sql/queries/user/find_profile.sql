-- What a user's own page shows. $1 account. A row when it is a user that is not deleted.
SELECT n.id, n.name, n.enabled, n.email, n.invoice_email, n.invoice_email_address, n.tag_expiration_s,
       a.verified, a.superuser, a.given_name, a.family_name, a.company, a.location, a.metadata_given,
       a.password_phc IS NOT NULL AS has_password
  FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.id = $1::bigint AND n.deleted_at IS NULL
