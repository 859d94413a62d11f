-- Labels of manifests, and what they and the time machine mean for tags.

CREATE TABLE manifest_label (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- The order in which labels were added.
    position         bigint GENERATED ALWAYS AS IDENTITY,
    manifest_id      bigint NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    key              text COLLATE "C" NOT NULL,
    value            text NOT NULL,
    source           text NOT NULL CHECK (source IN ('manifest', 'api', 'internal')),
    media_type       text NOT NULL CHECK (media_type IN ('text/plain', 'application/json')),
    -- Life that the label gives to each tag of the manifest from its start.
    expires_after_ms bigint CHECK (expires_after_ms >= 0)
);
CREATE INDEX manifest_label_of_manifest ON manifest_label (manifest_id, position);

-- The history of a repository, newest first.
CREATE INDEX tag_newest ON tag (repository_id, start_ms DESC, name, id DESC) WHERE NOT hidden;

-- When a tag that starts at start_ms ends by the labels of its manifest; NULL when none says so.
-- The label that was added last decides.
CREATE FUNCTION acting_end_ms(of_manifest bigint, start_ms bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT start_ms + l.expires_after_ms FROM manifest_label l
     WHERE l.manifest_id = of_manifest AND l.expires_after_ms IS NOT NULL
     ORDER BY l.position DESC LIMIT 1
$$;

-- The end of the last span that reaches a manifest, whether it has ended or not, in Unix
-- milliseconds; NULL when none ever did. Deleted manifests are looked at like others.
CREATE FUNCTION last_end_ms(of_repository bigint, of_digest bytea) RETURNS bigint
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE reaches (id, digest, subject_digest) AS (
        SELECT m.id, m.digest, m.subject_digest FROM manifest m
         WHERE m.repository_id = of_repository AND m.digest = of_digest
        UNION
        SELECT up.id, up.digest, up.subject_digest
          FROM reaches r CROSS JOIN LATERAL (
            SELECT p.id, p.digest, p.subject_digest
              FROM manifest_child c JOIN manifest p ON p.id = c.manifest_id
             WHERE c.repository_id = of_repository AND c.child_digest = r.digest
            UNION ALL
            SELECT s.id, s.digest, s.subject_digest FROM manifest s
             WHERE s.repository_id = of_repository AND s.digest = r.subject_digest
          ) up
    )
    SELECT max(coalesce(t.end_ms, 9223372036854775807))
      FROM reaches r JOIN tag t ON t.manifest_id = r.id
$$;

-- Makes a deleted manifest and all that it lists servable again. False, and nothing is changed,
-- when a blob of theirs is not present any more. The caller holds the repository's row.
CREATE FUNCTION revive_manifest(of_repository bigint, of_manifest bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    parts bigint[];
BEGIN
    WITH RECURSIVE below (id) AS (
        SELECT of_manifest
        UNION
        SELECT m.id FROM below b
          JOIN manifest_child c ON c.manifest_id = b.id
          JOIN manifest m ON m.repository_id = of_repository AND m.digest = c.child_digest
    )
    SELECT array_agg(id) INTO parts FROM below;
    PERFORM 1 FROM manifest_blob mb
     WHERE mb.manifest_id = ANY (parts)
       AND NOT EXISTS (SELECT 1 FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
                        WHERE rb.repository_id = of_repository AND rb.blob_id = mb.blob_id
                          AND b.state IN (0, 3));
    IF FOUND THEN
        RETURN false;
    END IF;
    UPDATE manifest m SET deleted_at = NULL WHERE m.id = ANY (parts) AND m.deleted_at IS NOT NULL;
    RETURN true;
END
$$;

DROP FUNCTION put_manifest(bigint, bytea, text, text, text, bytea, jsonb, bytea, bigint, bytea[],
                           bigint[], bytea[], boolean, text[], bigint, bigint, text, text, jsonb);

-- Publishes a manifest: links its blobs, moves the named tags (or renews the
-- temporary tag of a push by digest), writes the usage log.
-- Verdicts: 'ok' (detail: tags that pointed elsewhere); 'gone' (no such repository); 'state' (detail: the repository's
-- state); 'blobs' and 'children' (detail: the digests not here); 'sizes' (detail:
-- the blobs whose descriptor states another size); 'immutable'
-- (detail: the tag). Any verdict but 'ok' leaves everything as it was.
-- ends: for each tag when it ends by itself. Labels are those of the config, as a list of
-- {key, value, media_type, expires_after_ms}; they stay as the first push brought them.
-- Locks: the repository row, then presence rows in blob order.
CREATE FUNCTION put_manifest(
    of_repository bigint, of_digest bytea, of_media_type text, of_artifact_type text,
    of_config_media_type text, of_subject bytea, of_annotations jsonb, of_bytes bytea,
    layers_size bigint, blob_digests bytea[], blob_sizes bigint[], child_digests bytea[],
    sparse_allowed boolean, tag_names text[], temporary_ms bigint,
    of_labels jsonb, by_account bigint, from_ip text, by_request text, log_metadata jsonb
) RETURNS TABLE (verdict text, detail text[], subject_present boolean, ends bigint[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_ms bigint;
    repo repository%ROWTYPE;
    blob_ids bigint[];
    missing text[];
    unequal text[];
    of_manifest bigint;
    has_subject boolean := false;
    moved text[] := '{}';
    tag_name text;
    live tag%ROWTYPE;
    acting_ms bigint;
    ends_ms bigint[] := '{}';
    temporary_name text := '$temp-' || encode(of_digest, 'hex');
BEGIN
    SELECT * INTO repo FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    -- Not before the lock: a span must not start before the one it follows.
    now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'gone', '{}'::text[], false, '{}'::bigint[]; RETURN;
    END IF;
    IF repo.state <> 'NORMAL' THEN
        RETURN QUERY SELECT 'state', ARRAY[repo.state], false, '{}'::bigint[]; RETURN;
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
            RETURN QUERY SELECT 'blobs', missing, false, '{}'::bigint[]; RETURN;
        END IF;
        IF unequal IS NOT NULL THEN
            RETURN QUERY SELECT 'sizes', unequal, false, '{}'::bigint[]; RETURN;
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
            RETURN QUERY SELECT 'children', missing, false, '{}'::bigint[]; RETURN;
        END IF;
    END IF;
    FOREACH tag_name IN ARRAY tag_names LOOP
        PERFORM 1 FROM tag t
          JOIN manifest m ON m.id = t.manifest_id
         WHERE t.repository_id = of_repository AND t.name = tag_name AND NOT t.hidden
           AND (t.end_ms IS NULL OR t.end_ms > now_ms) AND t.immutable AND m.digest <> of_digest;
        IF FOUND THEN
            RETURN QUERY SELECT 'immutable', ARRAY[tag_name], false, '{}'::bigint[]; RETURN;
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
    IF of_labels IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM manifest_label l WHERE l.manifest_id = of_manifest AND l.source = 'manifest'
    ) THEN
        INSERT INTO manifest_label (manifest_id, key, value, source, media_type, expires_after_ms)
        SELECT of_manifest, l.key, l.value, 'manifest', l.media_type, l.expires_after_ms
          FROM jsonb_to_recordset(of_labels)
               AS l (key text, value text, media_type text, expires_after_ms bigint);
    END IF;
    IF of_subject IS NOT NULL THEN
        has_subject := served_until_ms(of_repository, of_subject, now_ms) IS NOT NULL;
    END IF;

    acting_ms := acting_end_ms(of_manifest, now_ms);
    FOREACH tag_name IN ARRAY tag_names LOOP
        SELECT t.* INTO live FROM tag t
         WHERE t.repository_id = of_repository AND t.name = tag_name AND NOT t.hidden
           AND (t.end_ms IS NULL OR t.end_ms > now_ms)
         ORDER BY t.start_ms DESC, t.id DESC LIMIT 1;
        IF FOUND THEN
            IF live.manifest_id = of_manifest
               AND (live.immutable OR (live.end_ms IS NULL AND acting_ms IS NULL)) THEN
                ends_ms := array_append(ends_ms, live.end_ms);
                CONTINUE;
            END IF;
            moved := moved || tag_name;
            PERFORM close_tag_span(of_repository, tag_name, now_ms);
        END IF;
        INSERT INTO tag (repository_id, manifest_id, name, start_ms, end_ms)
        VALUES (of_repository, of_manifest, tag_name, now_ms, acting_ms);
        ends_ms := array_append(ends_ms, acting_ms);
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
    RETURN QUERY SELECT 'ok', moved, has_subject, ends_ms;
END
$$;

-- Ends one visible tag and, when it was the last one of its manifest, the tags under which cosign
-- keeps what it knows of that manifest. Verdicts: 'ok', 'unknown', 'state', 'immutable'.
CREATE OR REPLACE FUNCTION delete_tag(
    of_repository bigint, of_name text,
    by_account bigint, from_ip text, by_request text, log_metadata jsonb
) RETURNS TABLE (verdict text, detail text[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_ms bigint;
    repo repository%ROWTYPE;
    span tag%ROWTYPE;
BEGIN
    SELECT * INTO repo FROM repository r WHERE r.id = of_repository FOR NO KEY UPDATE;
    -- Not before the lock: a span must not start before the one it follows.
    now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    IF NOT FOUND THEN RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN; END IF;
    IF repo.state <> 'NORMAL' THEN RETURN QUERY SELECT 'state', ARRAY[repo.state]; RETURN; END IF;
    SELECT t.* INTO span FROM tag t
     WHERE t.repository_id = of_repository AND t.name = of_name AND NOT t.hidden
       AND (t.end_ms IS NULL OR t.end_ms > now_ms);
    IF NOT FOUND THEN RETURN QUERY SELECT 'unknown', '{}'::text[]; RETURN; END IF;
    IF span.immutable THEN RETURN QUERY SELECT 'immutable', ARRAY[of_name]; RETURN; END IF;
    PERFORM close_tag_span(of_repository, of_name, now_ms);
    IF NOT EXISTS (SELECT 1 FROM tag t
                    WHERE t.manifest_id = span.manifest_id AND NOT t.hidden
                      AND (t.end_ms IS NULL OR t.end_ms > now_ms)) THEN
        UPDATE tag t SET end_ms = greatest(t.start_ms, now_ms)
         WHERE t.repository_id = of_repository AND NOT t.hidden AND NOT t.immutable
           AND (t.end_ms IS NULL OR t.end_ms > now_ms)
           AND t.name IN (
               SELECT CASE get_byte(m.digest, 0) WHEN 1 THEN 'sha256-' ELSE 'sha512-' END
                      || encode(substring(m.digest FROM 2), 'hex') || suffix
                 FROM manifest m CROSS JOIN unnest(ARRAY['.sig', '.att', '.sbom']) AS s (suffix)
                WHERE m.id = span.manifest_id);
    END IF;
    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    VALUES ('delete_tag', repo.namespace_id, of_repository, by_account, from_ip, by_request, log_metadata);
    RETURN QUERY SELECT 'ok', '{}'::text[];
END
$$;
