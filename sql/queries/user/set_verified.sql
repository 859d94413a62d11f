-- Notes that an address is proven. $1 account.
UPDATE account SET verified = true WHERE namespace_id = $1::bigint
