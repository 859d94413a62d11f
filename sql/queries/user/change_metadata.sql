-- Changes what is named. $1 account, $2 an object with any of given_name, family_name, company,
-- location.
UPDATE account
   SET given_name = CASE WHEN $2::jsonb ? 'given_name' THEN $2::jsonb ->> 'given_name' ELSE given_name END,
       family_name = CASE WHEN $2::jsonb ? 'family_name' THEN $2::jsonb ->> 'family_name' ELSE family_name END,
       company = CASE WHEN $2::jsonb ? 'company' THEN $2::jsonb ->> 'company' ELSE company END,
       location = CASE WHEN $2::jsonb ? 'location' THEN $2::jsonb ->> 'location' ELSE location END,
       metadata_given = true
 WHERE namespace_id = $1::bigint
