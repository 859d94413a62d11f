-- Takes an offer away. $1 account, $2 id.
DELETE FROM oauth_assignment WHERE account_id = $1::bigint AND id = $2::uuid RETURNING application_id
