-- Makes a user's namespace an organization: nobody logs in as it any more, and it holds no roles.
-- $1 user. One row when it was a user.
WITH converted AS (
    UPDATE namespace SET kind = 'organization', epoch = epoch + 1, epoch_changed_at = clock_timestamp()
     WHERE id = $1::bigint AND kind = 'user' AND deleted_at IS NULL RETURNING id
), logins AS (
    DELETE FROM account a USING converted c WHERE a.namespace_id = c.id
), memberships AS (
    DELETE FROM team_member m USING converted c WHERE m.account_id = c.id
), roles AS (
    DELETE FROM repository_permission p USING converted c WHERE p.account_id = c.id
), defaults AS (
    DELETE FROM default_permission d USING converted c
     WHERE d.creator_id = c.id OR d.delegate_account_id = c.id
), invites AS (
    DELETE FROM team_invite i USING converted c WHERE i.account_id = c.id
), notices AS (
    DELETE FROM user_notification u USING converted c WHERE u.target_id = c.id
)
SELECT id FROM converted
