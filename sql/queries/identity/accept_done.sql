-- Notes that an acceptance took effect. $1 which.
UPDATE registry_identity SET accepted_done = greatest(accepted_done, $1::bigint)
