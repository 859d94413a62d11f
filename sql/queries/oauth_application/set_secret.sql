-- Replaces an application's secret. $1 its row, $2 sealed secret.
UPDATE oauth_application SET sealed_secret = $2::bytea WHERE id = $1::bigint RETURNING id
