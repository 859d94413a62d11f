-- Whether a code for this purpose was mailed within the last minute. $1 account, $2 purpose.
SELECT EXISTS (
    SELECT 1 FROM confirmation WHERE account_id = $1::bigint AND purpose = $2::text
       AND created_at > clock_timestamp() - interval '1 minute')
