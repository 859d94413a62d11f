-- What is shown of one repository. $1 its id, $2 account or NULL.
SELECT r.description, r.visibility = 'public' AS is_public, r.state,
       r.status_token::text AS status_token, n.kind = 'organization' AS is_organization,
       n.tag_expiration_s,
       EXISTS (SELECT 1 FROM star s
                WHERE s.account_id = $2::bigint AND s.repository_id = r.id) AS is_starred
  FROM repository r JOIN namespace n ON n.id = r.namespace_id
 WHERE r.id = $1::bigint AND r.state <> 'MARKED_FOR_DELETION'
