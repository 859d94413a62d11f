-- Revokes an app-specific token. $1 account, $2 id. Its title when there was one.
DELETE FROM app_token WHERE account_id = $1::bigint AND id = $2::uuid RETURNING title
