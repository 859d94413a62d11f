-- How many named tokens an application has that have not expired. $1 application.
SELECT count(*) FROM oauth_token
 WHERE application_id = $1::bigint AND display_name IS NOT NULL AND expires_at > clock_timestamp()
