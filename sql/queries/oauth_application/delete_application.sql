-- Takes an application away with its tokens. $1 its row. The accounts its tokens spoke for.
WITH holders AS (
    SELECT DISTINCT account_id FROM oauth_token WHERE application_id = $1::bigint
), gone AS (
    DELETE FROM oauth_application WHERE id = $1::bigint
)
SELECT account_id FROM holders
