-- What the life of a user needs: mails that wait, codes with their age, and how a namespace ends.

ALTER TABLE account
    -- Set once the user answered the question for its names and company.
    ADD COLUMN metadata_given boolean NOT NULL DEFAULT false;

-- Wrong passwords in a row, by the network they came from: an attacker locks out itself, not the
-- user.
ALTER TABLE account DROP COLUMN failed_logins, DROP COLUMN last_failure_at;
CREATE TABLE login_failure (
    account_id bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    network    text COLLATE "C" NOT NULL,
    failures   integer NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, network)
);

ALTER TABLE confirmation
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- A mail that is not sent yet. It may hold a code that logs somebody in, so it is sealed.
CREATE TABLE outgoing_mail (
    id             uuid PRIMARY KEY,
    recipient      text NOT NULL,
    sealed_letter  bytea NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outgoing_mail_next ON outgoing_mail (next_attempt_at);

-- Takes from principals whatever they were granted, and what lets them in.
CREATE FUNCTION strip_principals(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM session WHERE account_id = ANY (ids);
    DELETE FROM oauth_token WHERE account_id = ANY (ids);
    DELETE FROM oauth_code WHERE account_id = ANY (ids);
    DELETE FROM oauth_assignment WHERE account_id = ANY (ids);
    DELETE FROM app_token WHERE account_id = ANY (ids);
    DELETE FROM star WHERE account_id = ANY (ids);
    DELETE FROM confirmation WHERE account_id = ANY (ids);
    DELETE FROM team_member WHERE account_id = ANY (ids);
    DELETE FROM team_invite WHERE account_id = ANY (ids);
    DELETE FROM repository_permission WHERE account_id = ANY (ids);
    DELETE FROM default_permission WHERE creator_id = ANY (ids) OR delegate_account_id = ANY (ids);
$$;

-- Deletes a user with its robots: its name and address are free at once, every credential ends,
-- its repositories wait for the collector.
CREATE FUNCTION delete_user(of_account bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(r.namespace_id) || of_account INTO gone FROM robot r WHERE r.owner_id = of_account;
    gone := coalesce(gone, ARRAY[of_account]);
    PERFORM 1 FROM namespace WHERE id = ANY (gone) ORDER BY id FOR UPDATE;
    PERFORM strip_principals(gone);
    DELETE FROM robot WHERE owner_id = of_account;
    DELETE FROM oauth_application WHERE organization_id = of_account;
    DELETE FROM user_notification WHERE target_id = of_account;
    UPDATE repository SET state = 'MARKED_FOR_DELETION' WHERE namespace_id = of_account;
    UPDATE account SET password_phc = NULL, superuser = false, given_name = NULL, family_name = NULL,
           company = NULL, location = NULL
     WHERE namespace_id = of_account;
    UPDATE namespace
       SET name = '$deleted-' || id, email = NULL, invoice_email_address = NULL, contact_email = NULL,
           enabled = false, deleted_at = clock_timestamp(),
           epoch = epoch + 1, epoch_changed_at = clock_timestamp()
     WHERE id = ANY (gone);
END
$$;

-- Makes a user an organization with one administrator. Its robots and repositories stay.
CREATE FUNCTION convert_user(of_account bigint, new_admin bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owners bigint;
BEGIN
    PERFORM 1 FROM namespace WHERE id = of_account FOR UPDATE;
    PERFORM strip_principals(ARRAY[of_account]);
    DELETE FROM user_notification WHERE target_id = of_account;
    DELETE FROM account WHERE namespace_id = of_account;
    UPDATE namespace SET kind = 'organization', epoch = epoch + 1, epoch_changed_at = clock_timestamp()
     WHERE id = of_account;
    INSERT INTO team (organization_id, name, role) VALUES (of_account, 'owners', 'admin')
    RETURNING id INTO owners;
    INSERT INTO team_member (team_id, account_id) VALUES (owners, new_admin);
END
$$;
