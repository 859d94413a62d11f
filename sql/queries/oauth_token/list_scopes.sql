-- Scopes an account has granted to an application in tokens that have not expired. $1 application,
-- $2 account.
SELECT DISTINCT scope FROM oauth_token
 WHERE application_id = $1::bigint AND account_id = $2::bigint AND expires_at > clock_timestamp()
