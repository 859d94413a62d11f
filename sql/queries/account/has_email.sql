-- Whether a user has this address. $1 e-mail.
SELECT EXISTS (SELECT 1 FROM namespace n WHERE n.kind = 'user' AND lower(n.email) = lower($1::text))
