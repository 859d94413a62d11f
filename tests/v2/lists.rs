//! Lists and their pages, conditional requests, and what a mount gives away.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{OCI_MANIFEST, Repo, Server, sha256, shared, slipway};

/// Follows `Link` from `target` to the end; answers what `key` holds on each page.
fn pages(server: &Server, token: &str, target: &str, key: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut next = Some(target.to_owned());
    while let Some(target) = next {
        assert!(pages.len() < 500, "the pages never end");
        let answer = server.get(&target).bearer(token).send().expect(200);
        pages.push(answer.json()[key].as_array().unwrap().clone());
        next = answer.header("link").map(|link| {
            let rest = link.strip_prefix('<').unwrap();
            rest.strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
    }
    pages
}

fn push_tags(repo: &Repo<'_>, tags: &BTreeSet<String>) {
    let body = repo.image_of(b"layer").to_string();
    for tag in tags {
        repo.put_manifest(tag, OCI_MANIFEST, body.as_bytes())
            .expect(201);
    }
}

#[test]
fn pages_of_tags_concatenate_to_the_whole_list() {
    let server = shared();
    let repo = server.repo("lists/tags");
    let tags: BTreeSet<String> = (0..23)
        .map(|n| format!("{}{n}", ["v1.", "V2-", "_x", "latest"][n % 4]))
        .collect();
    push_tags(&repo, &tags);
    // In byte order, which is that of the set.
    let all: Vec<Value> = tags.iter().map(|tag| json!(tag)).collect();
    let list = format!("/v2/{}/tags/list", repo.name);
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let checked = runner.run(&(1_usize..30, 0_usize..24), |(n, skipped)| {
        let last = skipped
            .checked_sub(1)
            .map(|at| all[at].as_str().unwrap().to_owned());
        let start = last.map_or_else(String::new, |last| format!("&last={last}"));
        let pages = pages(server, &repo.token, &format!("{list}?n={n}{start}"), "tags");
        prop_assert_eq!(pages.concat(), all[skipped..].to_vec());
        for page in &pages[..pages.len() - 1] {
            prop_assert_eq!(page.len(), n);
        }
        Ok(())
    });
    checked.unwrap();
    // A deleted tag leaves the list, and a page may begin after it.
    let gone = tags.iter().nth(5).unwrap();
    repo.request("DELETE", &format!("manifests/{gone}"))
        .send()
        .expect(202);
    let after = pages(
        server,
        &repo.token,
        &format!("{list}?n=4&last={gone}"),
        "tags",
    );
    assert_eq!(after.concat(), all[6..].to_vec());
}

#[test]
fn pages_of_the_catalog_concatenate() {
    let server = Server::start(&[("registry.catalog_page_size", "3")]);
    let names: BTreeSet<String> = (0..8)
        .map(|n| format!("cat/{}{n}", ["a", "b-", "c/"][n % 3]))
        .collect();
    for name in &names {
        server.repo(name).push_image("v1", b"layer");
    }
    let token = server.token("registry:catalog:*");
    let wanted: Vec<Value> = names
        .iter()
        .map(|name| json!(format!("admin/{name}")))
        .collect();
    for target in [
        "/v2/_catalog",
        "/v2/_catalog?n=2",
        "/v2/_catalog?n=1",
        "/v2/_catalog?n=100",
    ] {
        let pages = pages(&server, &token, target, "repositories");
        assert_eq!(pages.concat(), wanted, "{target}");
        assert!(pages.iter().all(|page| page.len() <= 3), "{target}");
    }
}

#[test]
fn referrers_have_pages_and_a_filter() {
    let server = Server::start(&[("registry.referrers_page_bytes", "16 KiB")]);
    let repo = server.repo("referrers");
    let subject = repo.push_image("v1", b"layer");
    let body = repo.get("manifests/v1").body;
    let config = repo.push_blob(b"{}");
    let mut wanted = BTreeSet::new();
    for number in 0..60 {
        let kind = ["application/x.sbom", "application/x.signature"][number % 2];
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind,
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
            "layers": [], "annotations": { "number": number.to_string(), "note": "x".repeat(500) },
            "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": body.len() },
        })
        .to_string();
        let digest = sha256(manifest.as_bytes());
        let answer = repo
            .put_manifest(&digest, OCI_MANIFEST, manifest.as_bytes())
            .expect(201);
        assert_eq!(answer.header("oci-subject"), Some(&*subject));
        wanted.insert((digest, kind.to_owned(), number.to_string()));
    }
    let list = format!("/v2/{}/referrers/{subject}", repo.name);
    let read = |target: &str| {
        let pages = pages(&server, &repo.token, target, "manifests");
        let entries = pages.iter().flatten().map(|entry| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&entry["digest"]),
                text(&entry["artifactType"]),
                text(&entry["annotations"]["number"]),
            )
        });
        let entries: Vec<_> = entries.collect();
        let set: BTreeSet<_> = entries.iter().cloned().collect();
        assert_eq!(set.len(), entries.len(), "no entry comes twice");
        (set, pages.len())
    };
    let (all, page_count) = read(&list);
    assert_eq!(all, wanted);
    assert!(page_count > 1, "{page_count}");
    let (some, _) = read(&format!("{list}?artifactType=application/x.sbom"));
    wanted.retain(|(_, kind, _)| kind == "application/x.sbom");
    assert_eq!(some, wanted);
    let answer = repo.get(&format!(
        "referrers/{subject}?artifactType=application/x.sbom"
    ));
    assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
    let none = repo
        .get(&format!("referrers/sha256:{}", "0".repeat(64)))
        .expect(200);
    assert_eq!(none.json()["manifests"], json!([]));
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let repo = shared().repo("lists/etag");
    let first = repo.push_image("v1", b"one");
    let answer = repo.get("manifests/v1").expect(200);
    let etag = answer.header("etag").unwrap().to_owned();
    assert_eq!(etag, format!("\"{first}\""));
    let ask = |known: &str| {
        repo.request("GET", "manifests/v1")
            .header("If-None-Match", known)
            .send()
    };
    for known in [&*etag, "*", &format!("W/{etag}"), &format!("\"x\", {etag}")] {
        let answer = ask(known).expect(304);
        assert_eq!(answer.header("etag"), Some(&*etag), "{known}");
        assert_eq!(answer.header("docker-content-digest"), Some(&*first));
    }
    ask("\"x\"").expect(200);
    // The tag moves on.
    let second = repo.push_image("v1", b"two");
    let moved = ask(&etag).expect(200);
    assert_eq!(moved.header("docker-content-digest"), Some(&*second));
    let head = repo.head("manifests/v1").expect(200);
    let length = head.header("content-length").unwrap();
    assert_eq!(length, moved.body.len().to_string());
}

#[test]
fn a_mount_does_not_tell_private_from_absent() {
    let server = Server::start(&[]);
    let secret = server.repo("secret");
    let hidden = secret.push_blob(b"nobody else may see this");
    let keys = [("data.dir", server.dir.join("data"))];
    let keys = keys
        .each_ref()
        .map(|(key, path)| (*key, path.to_str().unwrap()));
    let args = [
        "admin",
        "create-user",
        "--username",
        "mallory",
        "--password-stdin",
    ];
    let made = slipway(&args, "another-password", &server.dir, &keys);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let scope = "repository:mallory/mine:pull,push";
    let token = server.token_of("mallory", "another-password", scope);
    let ask = |digest: &str, from: &str| {
        let target = format!("/v2/mallory/mine/blobs/uploads/?mount={digest}{from}");
        let answer = server.request("POST", &target).bearer(&token).send();
        let names: BTreeSet<String> = answer.headers.into_iter().map(|(name, _)| name).collect();
        (answer.status, names, answer.body)
    };
    let absent = format!("sha256:{}", "0".repeat(64));
    let answers = [
        ask(&hidden, "&from=admin/secret"),
        ask(&absent, "&from=admin/secret"),
        ask(&hidden, "&from=admin/no-such-repository"),
        ask(&hidden, "&from=nobody/at-all"),
        ask(&hidden, ""),
        ask(&absent, ""),
    ];
    assert_eq!(answers[0].0, 202);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    // Whoever may read the source mounts.
    let target = format!("blobs/uploads/?mount={hidden}&from=admin/secret");
    server
        .repo("mine")
        .request("POST", &target)
        .send()
        .expect(201);
}
