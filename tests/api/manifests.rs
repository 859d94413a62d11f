//! Manifests by the API: layers, and labels from configs and by hand.

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Browser, OCI_INDEX, OCI_MANIFEST, PASSWORD, Repo, Server, first_line, logged_of,
    query, sha256, shared,
};

fn admin(server: &Server) -> Browser<'_> {
    Browser::sign_in(server, ACCOUNT, PASSWORD)
}

fn path(repo: &Repo<'_>, digest: &str) -> String {
    format!("/repository/{}/manifest/{digest}", repo.name)
}

fn labels(browser: &mut Browser<'_>, repo: &Repo<'_>, digest: &str) -> Vec<Value> {
    let answer = browser
        .get(&format!("{}/labels", path(repo, digest)))
        .expect(200);
    answer.json()["labels"].as_array().unwrap().clone()
}

/// Start and end of the newest span of a tag.
fn span(browser: &mut Browser<'_>, repo: &Repo<'_>, tag: &str) -> (i64, Option<i64>) {
    let path = format!("/repository/{}/tag/?specificTag={tag}", repo.name);
    let entry = &browser.get(&path).expect(200).json()["tags"][0];
    (
        entry["start_ts"].as_i64().unwrap(),
        entry["end_ts"].as_i64(),
    )
}

fn lived(browser: &mut Browser<'_>, repo: &Repo<'_>, tag: &str) -> Option<i64> {
    let (start_s, end_s) = span(browser, repo, tag);
    Some(end_s? - start_s)
}

#[test]
fn layers_are_shown_with_the_steps_that_made_them() {
    let server = shared();
    let repo = server.repo("manifest-layers");
    let config = json!({ "history": [
        { "created": "2024-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:0" },
        { "created": "nonsense", "created_by": "[\"/bin/true\"]", "empty_layer": true, "author": "me" },
        { "created_by": "", "comment": "last" },
    ]});
    let digest = repo.push_image_with("v1", &config, &[b"layer one", b"layer number two"]);
    let mut browser = admin(server);
    let shown = browser.get(&path(&repo, &digest)).expect(200).json();
    assert_eq!(shown["digest"], digest.as_str());
    assert_eq!(shown["is_manifest_list"], false);
    assert_eq!(shown["layers_compressed_size"], 25);
    assert_eq!(
        shown["config_media_type"],
        "application/vnd.oci.image.config.v1+json"
    );
    assert_eq!(
        sha256(shown["manifest_data"].as_str().unwrap().as_bytes()),
        digest
    );
    assert_eq!(
        shown["layers"],
        json!([
            {
                "index": 0, "compressed_size": 9, "is_remote": false, "urls": null,
                "command": ["/bin/sh -c #(nop) ADD file:0"], "comment": null, "author": null,
                "blob_digest": sha256(b"layer one"),
                "created_datetime": "Mon, 01 Jan 2024 00:00:00 -0000",
            },
            {
                "index": 1, "compressed_size": 32, "is_remote": false, "urls": null,
                "command": ["/bin/true"], "comment": null, "author": "me",
                "blob_digest":
                    "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4",
                "created_datetime": null,
            },
            {
                "index": 2, "compressed_size": 16, "is_remote": false, "urls": null,
                "command": null, "comment": "last", "author": null,
                "blob_digest": sha256(b"layer number two"), "created_datetime": null,
            },
        ])
    );
}

#[test]
fn indexes_and_images_with_another_history_are_shown_as_well() {
    let server = shared();
    let repo = server.repo("manifest-others");
    let mut browser = admin(server);
    let short = json!({ "history": [{ "created_by": "one step for two layers" }] });
    let digest = repo.push_image_with("v2", &short, &[b"layer one", b"layer number two"]);
    let shown = browser.get(&path(&repo, &digest)).expect(200).json();
    assert_eq!(shown["layers"].as_array().unwrap().len(), 2);
    assert_eq!(shown["layers"][0]["command"], Value::Null);

    let size = repo.get("manifests/v2").body.len();
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        { "mediaType": OCI_MANIFEST, "digest": digest, "size": size },
    ]});
    let bytes = index.to_string();
    repo.put_manifest("multi", OCI_INDEX, bytes.as_bytes())
        .expect(201);
    let list = path(&repo, &sha256(bytes.as_bytes()));
    let shown = browser.get(&list).expect(200).json();
    assert_eq!(shown["is_manifest_list"], true);
    assert_eq!(
        (&shown["layers"], &shown["config_media_type"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(shown["layers_compressed_size"], 0);

    for reference in ["v1", "sha256:abcd", &sha256(b"none")] {
        let refused = browser.get(&path(&repo, reference)).expect(404);
        assert_eq!(refused.json()["error_type"], "not_found", "{reference}");
    }
}

#[test]
fn configs_that_cannot_be_read_are_pushed_and_shown_all_the_same() {
    let server = shared();
    let repo = server.repo("manifest-odd");
    let mut browser = admin(server);
    let large = json!({ "config": { "Labels": { "size": "x".repeat(200_000) } } });
    let huge = json!({ "pad": "x".repeat(4 << 20), "config": { "Labels": { "a": "b" } } });
    for (tag, config, count) in [
        ("list", json!([1, 2]), 0),
        ("text", json!("config"), 0),
        (
            "zero",
            json!({ "config": { "Labels": { "a\u{0}": "b\u{0}", "": "x" } } }),
            1,
        ),
        ("large", large, 1),
        ("huge", huge, 0),
    ] {
        let digest = repo.push_image_with(tag, &config, &[b"layer"]);
        assert_eq!(labels(&mut browser, &repo, &digest).len(), count, "{tag}");
        let shown = browser.get(&path(&repo, &digest)).expect(200).json();
        assert_eq!(shown["layers"][0]["blob_digest"], sha256(b"layer").as_str());
    }
}

#[test]
fn labels_of_a_config_are_taken_over_once_and_stay() {
    let server = shared();
    let repo = server.repo("label-config");
    let config = json!({ "config": { "Labels": {
        "com.example.json": "{\"a\":1}", "maintainer": "me", "number": 5,
    }}});
    let digest = repo.push_image_with("v1", &config, &[b"labelled"]);
    let bytes = repo.get("manifests/v1").body;
    repo.put_manifest("v2", OCI_MANIFEST, &bytes).expect(201);
    let mut browser = admin(server);
    let found = labels(&mut browser, &repo, &digest);
    let short = |label: &Value| {
        json!([
            label["key"],
            label["value"],
            label["source_type"],
            label["media_type"]
        ])
    };
    let shown: Vec<Value> = found.iter().map(short).collect();
    assert_eq!(
        shown,
        [
            json!([
                "com.example.json",
                "{\"a\":1}",
                "manifest",
                "application/json"
            ]),
            json!(["maintainer", "me", "manifest", "text/plain"]),
        ]
    );
    let below = format!("{}/labels", path(&repo, &digest));
    let filtered = browser
        .get(&format!("{below}?filter=com."))
        .expect(200)
        .json();
    assert_eq!(filtered["labels"], json!([found[0]]));
    let one = format!("{below}/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(browser.get(&one).expect(200).json(), found[0]);
    let refused = browser.delete(&one).expect(400);
    assert_eq!(
        refused.json(),
        json!({ "message": "Cannot delete immutable label" })
    );
    assert_eq!(labels(&mut browser, &repo, &digest).len(), 2);
}

#[test]
fn labels_are_added_and_removed_by_hand() {
    let server = shared();
    let repo = server.repo("label-hand");
    let digest = repo.push_image("v1", b"by hand");
    let mut browser = admin(server);
    let below = format!("{}/labels", path(&repo, &digest));
    let label = json!({ "key": "owner", "value": "me", "media_type": "text/plain" });
    let added = browser.post(&below, &label).expect(201);
    let id = added.json()["label"]["id"].as_str().unwrap().to_owned();
    let location = format!("/api/v1{below}/{id}");
    assert_eq!(added.header("location"), Some(location.as_str()));
    let shown = json!({
        "id": id, "key": "owner", "value": "me", "source_type": "api", "media_type": "text/plain",
    });
    assert_eq!(added.json(), json!({ "label": shown }));
    browser.post(&below, &label).expect(201);
    let guessed = json!({ "key": "list", "value": "[1]", "media_type": null });
    let guessed = browser.post(&below, &guessed).expect(201);
    assert_eq!(guessed.json()["label"]["media_type"], "application/json");
    assert_eq!(labels(&mut browser, &repo, &digest).len(), 3);
    let rows = logged_of(server, "manifest_label_add", "repo", "label-hand");
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[0]["metadata"],
        json!({
            "id": id, "key": "owner", "value": "me", "media_type": "text/plain",
            "manifest_digest": digest, "namespace": ACCOUNT, "repo": "label-hand",
        })
    );

    let one = format!("{below}/{id}");
    assert_eq!(browser.get(&one).expect(200).json(), shown);
    browser.delete(&one).expect(204);
    browser.delete(&one).expect(404);
    browser.get(&one).expect(404);
    let rows = logged_of(server, "manifest_label_delete", "repo", "label-hand");
    assert_eq!((rows.len(), &rows[0]["metadata"]["id"]), (1, &json!(id)));
    assert_eq!(labels(&mut browser, &repo, &digest).len(), 2);
    for id in ["someid", "00000000-0000-4000-8000-000000000000"] {
        browser.get(&format!("{below}/{id}")).expect(404);
        browser.delete(&format!("{below}/{id}")).expect(404);
    }
}

#[test]
fn labels_by_hand_have_proper_keys_and_types() {
    let server = shared();
    let repo = server.repo("label-rules");
    let digest = repo.push_image("v1", b"rules");
    let mut browser = admin(server);
    let below = format!("{}/labels", path(&repo, &digest));
    let label = |key: &str| json!({ "key": key, "value": "v", "media_type": null });
    for key in [
        "io.quay.x",
        "com.docker.x",
        "org.opencontainers.image.title",
        "quay.other",
    ] {
        let refused = browser.post(&below, &label(key)).expect(400);
        assert_eq!(
            refused.json(),
            json!({ "message": "Label has a reserved prefix" })
        );
    }
    let text = "Label is of an invalid format or missing please use ^[a-z0-9](([a-z0-9]|[-.](?![.-]))*[a-z0-9])?$ format for labels";
    for key in ["", "Upper", "a..b", "-a", &"k".repeat(256)] {
        let refused = browser.post(&below, &label(key)).expect(400);
        assert_eq!(refused.json(), json!({ "message": text }), "{key}");
    }
    let wrong = json!({ "key": "a", "value": "v", "media_type": "x/y" });
    let refused = browser.post(&below, &wrong).expect(400).json();
    let text = "'x/y' is not one of ['text/plain', 'application/json', None]";
    assert_eq!(
        (first_line(&refused["detail"]), &refused["error_type"]),
        (text, &json!("invalid_request"))
    );
    let refused = browser
        .post(&below, &json!({ "key": "a", "value": "v" }))
        .expect(400);
    assert_eq!(
        refused.json()["detail"],
        "'media_type' is a required property"
    );
    let absent = format!("{}/labels", path(&repo, &sha256(b"absent")));
    browser.post(&absent, &label("Upper")).expect(404);
    browser.get(&absent).expect(404);
    assert_eq!(labels(&mut browser, &repo, &digest), Vec::<Value>::new());

    let server = Server::start(&[("tags.reserved_label_prefixes", "corp.")]);
    let repo = server.repo("label-rules");
    let digest = repo.push_image("v1", b"rules");
    let below = format!("{}/labels", path(&repo, &digest));
    let mut browser = admin(&server);
    browser.post(&below, &label("corp.x")).expect(400);
    browser.post(&below, &label("corpse")).expect(201);
}

#[test]
fn a_label_of_the_config_ends_every_tag_that_is_pushed_or_moved_there() {
    let server = shared();
    let repo = server.repo("label-ends");
    let config = json!({ "config": { "Labels": { "quay.expires-after": "2h" } } });
    let digest = repo.push_image_with("v1", &config, &[b"short lived"]);
    let mut browser = admin(server);
    assert_eq!(lived(&mut browser, &repo, "v1"), Some(7200));
    let target = format!("/repository/{}/tag/copy", repo.name);
    browser
        .put(&target, &json!({ "manifest_digest": digest }))
        .expect(201);
    assert_eq!(lived(&mut browser, &repo, "copy"), Some(7200));

    let forever = format!("/repository/{}/tag/v1", repo.name);
    browser
        .put(&forever, &json!({ "expiration": null }))
        .expect(201);
    assert_eq!(lived(&mut browser, &repo, "v1"), None);
    let bytes = repo.get("manifests/v1").body;
    repo.put_manifest("v1", OCI_MANIFEST, &bytes).expect(201);
    assert_eq!(
        lived(&mut browser, &repo, "v1"),
        Some(7200),
        "each push begins anew"
    );

    let brief = json!({ "config": { "Labels": { "quay.expires-after": "1s" } } });
    repo.push_image_with("brief", &brief, &[b"bounded"]);
    assert_eq!(lived(&mut browser, &repo, "brief"), Some(3600));
    let odd = json!({ "config": { "Labels": { "quay.expires-after": "soon" } } });
    repo.push_image_with("odd", &odd, &[b"odd"]);
    assert_eq!(lived(&mut browser, &repo, "odd"), None);
}

#[test]
fn a_pushed_tag_ends_for_pulls_as_its_label_says() {
    let server = Server::start(&[("tags.min_life", "1s")]);
    let repo = server.repo("label-pulls");
    let config = json!({ "config": { "Labels": { "quay.expires-after": "2s" } } });
    let digest = repo.push_image_with("v1", &config, &[b"two seconds"]);
    repo.get("manifests/v1").expect(200);
    crate::support::wait_for("the tag ends", std::time::Duration::from_secs(10), || {
        (repo.get("manifests/v1").code() == "TAG_EXPIRED").then_some(())
    });
    repo.get(&format!("manifests/{digest}")).expect(404);
}

#[test]
fn a_label_by_hand_ends_the_tags_that_live() {
    let server = shared();
    let repo = server.repo("label-acts");
    let digest = repo.push_image("v1", b"acts");
    let mut browser = admin(server);
    let fixed = format!("/repository/{}/tag/fixed", repo.name);
    browser
        .put(&fixed, &json!({ "manifest_digest": digest }))
        .expect(201);
    browser
        .put(&fixed, &json!({ "immutable": true }))
        .expect(201);
    let below = format!("{}/labels", path(&repo, &digest));
    let label = json!({ "key": "quay.expires-after", "value": "1d", "media_type": null });
    let added = browser.post(&below, &label).expect(201).json();
    assert_eq!(lived(&mut browser, &repo, "v1"), Some(86_400));
    assert_eq!(
        lived(&mut browser, &repo, "fixed"),
        None,
        "what is immutable stays"
    );
    let bytes = repo.get("manifests/v1").body;
    repo.put_manifest("v2", OCI_MANIFEST, &bytes).expect(201);
    assert_eq!(lived(&mut browser, &repo, "v2"), Some(86_400));
    let id = added["label"]["id"].as_str().unwrap();
    browser.delete(&format!("{below}/{id}")).expect(204);
    repo.put_manifest("v3", OCI_MANIFEST, &bytes).expect(201);
    assert_eq!(lived(&mut browser, &repo, "v3"), None);
}

#[test]
fn a_config_in_memory_is_not_read_again_for_its_labels() {
    let server = Server::start(&[]);
    let repo = server.repo("label-memory");
    let config = json!({ "config": { "Labels": { "from": "memory" } } });
    let stored = r#"{"config":{"Labels":{"from":"stored"}}}"#;
    let text = config.to_string();
    repo.push_blob(text.as_bytes());
    let swap = format!(
        "UPDATE blob SET inline_bytes = convert_to('{stored}', 'UTF8')
          WHERE digest = decode('01{}', 'hex') RETURNING to_jsonb(id)",
        sha256(text.as_bytes()).trim_start_matches("sha256:")
    );
    assert_eq!(query(&server, &swap).len(), 1);
    let push = |repo: &Repo<'_>, layer: &[u8]| {
        let image = repo.image_of(layer);
        let mut manifest = image;
        manifest["config"] = json!({
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": sha256(text.as_bytes()), "size": text.len(),
        });
        let bytes = manifest.to_string();
        repo.put_manifest("v1", OCI_MANIFEST, bytes.as_bytes())
            .expect(201);
        sha256(bytes.as_bytes())
    };
    let first = push(&repo, b"warm");
    let found = labels(&mut admin(&server), &repo, &first);
    assert_eq!(
        found[0]["value"], "memory",
        "no statement but the push itself"
    );

    let server = server.restart_with(&[]);
    let repo = server.repo("label-memory");
    let second = push(&repo, b"cold");
    let found = labels(&mut admin(&server), &repo, &second);
    assert_eq!(found[0]["value"], "stored");
}
