-- Forgets codes that are of no use any more. $1 account, whose codes all end.
DELETE FROM confirmation WHERE account_id = $1::bigint OR expires_at < clock_timestamp()
