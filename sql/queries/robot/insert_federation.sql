-- Adds outside identities to a robot. $1 its row, $2 issuers, $3 subjects.
INSERT INTO robot_federation (robot_id, position, issuer, subject)
SELECT $1::bigint, i.position, i.issuer, i.subject
  FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (issuer, subject, position)
