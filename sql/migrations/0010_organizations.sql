-- What organizations need beside their tables: who belongs to one, and its end.

-- Whether an account is in a team of an organization, or is one of its robots.
CREATE FUNCTION is_in_organization(of_organization bigint, of_account bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM team t JOIN team_member m ON m.team_id = t.id
                    WHERE t.organization_id = of_organization AND m.account_id = of_account)
        OR EXISTS (SELECT 1 FROM robot r
                    WHERE r.owner_id = of_organization AND r.namespace_id = of_account)
$$;

-- Ends an organization: its name and its robots' names are free at once, every credential of it is
-- gone or outdated, and its repositories wait for the collector.
CREATE FUNCTION delete_organization(of_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ended bigint[];
BEGIN
    SELECT array_agg(r.namespace_id) || of_id INTO ended FROM robot r WHERE r.owner_id = of_id;
    ended := coalesce(ended, ARRAY[of_id]);
    PERFORM raise_epochs(ended);
    UPDATE namespace n
       SET name = '$deleted-' || n.id, enabled = false, deleted_at = clock_timestamp()
     WHERE n.id = ANY (ended);
    DELETE FROM team_member m WHERE m.account_id = ANY (ended);
    DELETE FROM repository_permission p WHERE p.account_id = ANY (ended);
    DELETE FROM default_permission d
     WHERE d.organization_id = of_id OR d.creator_id = ANY (ended) OR d.delegate_account_id = ANY (ended);
    DELETE FROM robot r WHERE r.owner_id = of_id;
    DELETE FROM oauth_application a WHERE a.organization_id = of_id;
    DELETE FROM user_notification u
     WHERE u.lookup_path IN (SELECT 'urn:teaminvite:' || i.id FROM team_invite i
                               JOIN team t ON t.id = i.team_id WHERE t.organization_id = of_id);
    DELETE FROM team t WHERE t.organization_id = of_id;
    UPDATE repository r SET state = 'MARKED_FOR_DELETION' WHERE r.namespace_id = of_id;
END
$$;
