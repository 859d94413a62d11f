-- Makes an account a member of the team it was invited to, and uses the invitation up.
-- $1 invitation, $2 account. A row when the invitation was for this account or its address.
WITH taken AS (
    DELETE FROM team_invite i USING namespace u
     WHERE i.id = $1::uuid AND u.id = $2::bigint
       AND (i.account_id = u.id OR i.email IS NOT NULL)
    RETURNING i.team_id, i.inviter_id, lower(i.email) IS NOT DISTINCT FROM lower(u.email) AS proves_email
), joined AS (
    INSERT INTO team_member (team_id, account_id) SELECT team_id, $2::bigint FROM taken
    ON CONFLICT DO NOTHING
), told AS (
    DELETE FROM user_notification
     WHERE target_id = $2::bigint AND kind = 'org_team_invite'
       AND metadata ->> 'code' = 'urn:teaminvite:' || $1::uuid
)
SELECT t.organization_id, t.name AS team, i.name AS inviter, taken.proves_email
  FROM taken JOIN team t ON t.id = taken.team_id LEFT JOIN namespace i ON i.id = taken.inviter_id
