-- How long a manifest is served by digest: NULL when it is not, else the end of
-- the last span that reaches it in Unix milliseconds ('infinity' as the largest
-- bigint). It is reached by a tag of its own, by an index that is reached, or by
-- a subject that is reached.
CREATE FUNCTION served_until_ms(of_repository bigint, of_digest bytea, now_ms bigint)
RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE reaches (id, digest, subject_digest) AS (
        SELECT m.id, m.digest, m.subject_digest FROM manifest m
         WHERE m.repository_id = of_repository AND m.digest = of_digest
           AND m.deleted_at IS NULL
        UNION
        SELECT up.id, up.digest, up.subject_digest
          FROM reaches r CROSS JOIN LATERAL (
            SELECT p.id, p.digest, p.subject_digest
              FROM manifest_child c JOIN manifest p ON p.id = c.manifest_id
             WHERE c.repository_id = of_repository AND c.child_digest = r.digest
               AND p.deleted_at IS NULL
            UNION ALL
            SELECT s.id, s.digest, s.subject_digest FROM manifest s
             WHERE s.repository_id = of_repository AND s.digest = r.subject_digest
               AND s.deleted_at IS NULL
          ) up
    )
    SELECT max(coalesce(t.end_ms, 9223372036854775807))
      FROM reaches r JOIN tag t ON t.manifest_id = r.id
     WHERE t.end_ms IS NULL OR t.end_ms > now_ms
$$;

-- Ends the open or future span of a visible tag.
CREATE FUNCTION close_tag_span(of_repository bigint, of_name text, now_ms bigint)
RETURNS void LANGUAGE sql AS $$
    UPDATE tag SET end_ms = greatest(start_ms, now_ms)
     WHERE repository_id = of_repository AND name = of_name AND NOT hidden
       AND (end_ms IS NULL OR end_ms > now_ms)
$$;

-- Publishes a manifest: links its blobs, moves the named tags (or renews the
-- temporary tag of a push by digest), writes the usage log.
-- Verdicts: 'ok' (detail: tags that pointed elsewhere); 'gone' (no such repository); 'state' (detail: the repository's
-- state); 'blobs' and 'children' (detail: the digests not here); 'sizes' (detail:
-- the blobs whose descriptor states another size); 'immutable'
-- (detail: the tag). Any verdict but 'ok' leaves everything as it was.
-- Locks: the repository row, then presence rows in blob order.
CREATE FUNCTION put_manifest(
    of_repository bigint, of_digest bytea, of_media_type text, of_artifact_type text,
    of_config_media_type text, of_subject bytea, of_annotations jsonb, of_bytes bytea,
    layers_size bigint, blob_digests bytea[], blob_sizes bigint[], child_digests bytea[],
    sparse_allowed boolean, tag_names text[], temporary_ms bigint,
    by_account bigint, from_ip text, by_request text, log_metadata jsonb
) RETURNS TABLE (verdict text, detail text[], subject_present boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    repo repository%ROWTYPE;
    blob_ids bigint[];
    missing text[];
    unequal text[];
    of_manifest bigint;
    has_subject boolean := false;
    moved text[] := '{}';
    tag_name text;
    open_span tag%ROWTYPE;
    temporary_name text := '$temp-' || encode(of_digest, 'hex');
BEGIN
    SELECT * INTO repo FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'gone', '{}'::text[], false; RETURN;
    END IF;
    IF repo.state <> 'NORMAL' THEN
        RETURN QUERY SELECT 'state', ARRAY[repo.state], false; RETURN;
    END IF;

    IF cardinality(blob_digests) > 0 THEN
        SELECT array_agg(present.id) FILTER (WHERE present.id IS NOT NULL),
               array_agg(encode(w.digest, 'hex')) FILTER (WHERE present.id IS NULL),
               array_agg(encode(w.digest, 'hex')) FILTER (WHERE present.size_bytes <> w.size_bytes)
          INTO blob_ids, missing, unequal
          FROM unnest(blob_digests, blob_sizes) AS w (digest, size_bytes)
          LEFT JOIN LATERAL (
            SELECT b.id, b.size_bytes FROM blob b
              JOIN repository_blob rb ON rb.repository_id = of_repository AND rb.blob_id = b.id
             WHERE b.digest = w.digest AND b.state = 0
          ) present ON true;
        IF missing IS NOT NULL AND NOT sparse_allowed THEN
            RETURN QUERY SELECT 'blobs', missing, false; RETURN;
        END IF;
        IF unequal IS NOT NULL THEN
            RETURN QUERY SELECT 'sizes', unequal, false; RETURN;
        END IF;
        PERFORM 1 FROM repository_blob rb
         WHERE rb.repository_id = of_repository AND rb.blob_id = ANY (blob_ids)
         ORDER BY rb.blob_id FOR KEY SHARE;
    END IF;
    IF NOT sparse_allowed AND cardinality(child_digests) > 0 THEN
        SELECT array_agg(encode(w.digest, 'hex')) INTO missing
          FROM unnest(child_digests) AS w (digest)
         WHERE NOT EXISTS (SELECT 1 FROM manifest m
                            WHERE m.repository_id = of_repository AND m.digest = w.digest
                              AND m.deleted_at IS NULL);
        IF missing IS NOT NULL THEN
            RETURN QUERY SELECT 'children', missing, false; RETURN;
        END IF;
    END IF;
    FOREACH tag_name IN ARRAY tag_names LOOP
        SELECT t.* INTO open_span FROM tag t
          JOIN manifest m ON m.id = t.manifest_id
         WHERE t.repository_id = of_repository AND t.name = tag_name AND NOT t.hidden
           AND (t.end_ms IS NULL OR t.end_ms > now_ms) AND t.immutable AND m.digest <> of_digest;
        IF FOUND THEN
            RETURN QUERY SELECT 'immutable', ARRAY[tag_name], false; RETURN;
        END IF;
    END LOOP;

    INSERT INTO manifest AS m (repository_id, digest, media_type, artifact_type, config_media_type,
                               subject_digest, annotations, bytes, layers_size_bytes)
    VALUES (of_repository, of_digest, of_media_type, of_artifact_type, of_config_media_type,
            of_subject, of_annotations, of_bytes, layers_size)
    ON CONFLICT (repository_id, digest) DO UPDATE SET deleted_at = NULL
    RETURNING m.id INTO of_manifest;
    IF cardinality(blob_ids) > 0 THEN
        INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
        SELECT DISTINCT of_manifest, id, of_repository FROM unnest(blob_ids) AS u (id)
        ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(child_digests) > 0 THEN
        INSERT INTO manifest_child (manifest_id, repository_id, child_digest)
        SELECT DISTINCT of_manifest, of_repository, digest FROM unnest(child_digests) AS u (digest)
        ON CONFLICT DO NOTHING;
    END IF;
    IF of_subject IS NOT NULL THEN
        has_subject := served_until_ms(of_repository, of_subject, now_ms) IS NOT NULL;
    END IF;

    FOREACH tag_name IN ARRAY tag_names LOOP
        SELECT t.* INTO open_span FROM tag t
         WHERE t.repository_id = of_repository AND t.name = tag_name AND NOT t.hidden
           AND t.end_ms IS NULL;
        IF FOUND AND open_span.manifest_id = of_manifest THEN
            CONTINUE;
        END IF;
        IF EXISTS (SELECT 1 FROM tag t
                    WHERE t.repository_id = of_repository AND t.name = tag_name AND NOT t.hidden
                      AND (t.end_ms IS NULL OR t.end_ms > now_ms)) THEN
            moved := moved || tag_name;
            PERFORM close_tag_span(of_repository, tag_name, now_ms);
        END IF;
        INSERT INTO tag (repository_id, manifest_id, name, start_ms)
        VALUES (of_repository, of_manifest, tag_name, now_ms);
    END LOOP;
    IF cardinality(tag_names) = 0 THEN
        UPDATE tag t SET end_ms = greatest(t.end_ms, now_ms + temporary_ms)
         WHERE t.repository_id = of_repository AND t.name = temporary_name AND t.hidden
           AND t.end_ms > now_ms;
        IF NOT FOUND THEN
            INSERT INTO tag (repository_id, manifest_id, name, start_ms, end_ms, hidden)
            VALUES (of_repository, of_manifest, temporary_name, now_ms, now_ms + temporary_ms, true);
        END IF;
    END IF;

    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    VALUES ('push_repo', repo.namespace_id, of_repository, by_account, from_ip, by_request, log_metadata);
    RETURN QUERY SELECT 'ok', moved, has_subject;
END
$$;

-- Ends one visible tag. Verdicts: 'ok', 'unknown', 'state', 'immutable'.
CREATE FUNCTION delete_tag(
    of_repository bigint, of_name text,
    by_account bigint, from_ip text, by_request text, log_metadata jsonb
) RETURNS TABLE (verdict text, detail text[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    repo repository%ROWTYPE;
    span tag%ROWTYPE;
BEGIN
    SELECT * INTO repo FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN; END IF;
    IF repo.state <> 'NORMAL' THEN RETURN QUERY SELECT 'state', ARRAY[repo.state]; RETURN; END IF;
    SELECT t.* INTO span FROM tag t
     WHERE t.repository_id = of_repository AND t.name = of_name AND NOT t.hidden
       AND (t.end_ms IS NULL OR t.end_ms > now_ms);
    IF NOT FOUND THEN RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN; END IF;
    IF span.immutable THEN RETURN QUERY SELECT 'immutable', ARRAY[of_name]; RETURN; END IF;
    PERFORM close_tag_span(of_repository, of_name, now_ms);
    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    VALUES ('delete_tag', repo.namespace_id, of_repository, by_account, from_ip, by_request, log_metadata);
    RETURN QUERY SELECT 'ok', '{}'::text[];
END
$$;

-- Stops serving a manifest: ends every tag of it. Verdicts: 'ok' (detail: the
-- tags that ended), 'unknown', 'state', 'immutable', 'parents' (detail: digests
-- of served indexes that hold it), 'siblings' (only when refuse_siblings and
-- more than one tag names it; detail: the tags).
CREATE FUNCTION delete_manifest(
    of_repository bigint, of_digest bytea, refuse_siblings boolean,
    by_account bigint, from_ip text, by_request text, log_metadata jsonb
) RETURNS TABLE (verdict text, detail text[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    repo repository%ROWTYPE;
    found_id bigint;
    names text[];
    held text[];
BEGIN
    SELECT * INTO repo FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN; END IF;
    IF repo.state <> 'NORMAL' THEN RETURN QUERY SELECT 'state', ARRAY[repo.state]; RETURN; END IF;
    SELECT m.id INTO found_id FROM manifest m
     WHERE m.repository_id = of_repository AND m.digest = of_digest AND m.deleted_at IS NULL;
    IF NOT FOUND OR served_until_ms(of_repository, of_digest, now_ms) IS NULL THEN
        RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN;
    END IF;
    SELECT array_agg(encode(p.digest, 'hex')) INTO held
      FROM manifest_child c JOIN manifest p ON p.id = c.manifest_id
     WHERE c.repository_id = of_repository AND c.child_digest = of_digest
       AND served_until_ms(of_repository, p.digest, now_ms) IS NOT NULL;
    IF held IS NOT NULL THEN RETURN QUERY SELECT 'parents', held; RETURN; END IF;
    SELECT array_agg(t.name ORDER BY t.name), array_agg(t.name) FILTER (WHERE t.immutable)
      INTO names, held FROM tag t
     WHERE t.manifest_id = found_id AND NOT t.hidden AND (t.end_ms IS NULL OR t.end_ms > now_ms);
    IF held IS NOT NULL THEN RETURN QUERY SELECT 'immutable', held; RETURN; END IF;
    IF refuse_siblings AND cardinality(names) > 1 THEN
        RETURN QUERY SELECT 'siblings', names; RETURN;
    END IF;
    UPDATE tag t SET end_ms = greatest(t.start_ms, now_ms)
     WHERE t.manifest_id = found_id AND (t.end_ms IS NULL OR t.end_ms > now_ms);
    UPDATE manifest m SET deleted_at = clock_timestamp() WHERE m.id = found_id;
    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    VALUES ('delete_tag', repo.namespace_id, of_repository, by_account, from_ip, by_request, log_metadata);
    RETURN QUERY SELECT 'ok', coalesce(names, '{}');
END
$$;
