//! Manifests in the shapes that real tools push: all are taken, and none is changed by a byte.
//!
//! The fixtures name digests nobody has content for. Before a push each is replaced, in the text
//! and nowhere else, by the digest of content made up for it, so that key order, white space and
//! escapes stay as the tool wrote them.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use crate::support::{OCI_INDEX, OCI_MANIFEST, Repo, Server, sha256, shared};

/// Content larger than this is replaced by small content, and its size in the text too.
const LARGEST: u64 = 100_000;

struct Fixture {
    name: String,
    text: String,
    media_type: String,
}

fn fixtures() -> Vec<Fixture> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/oci/tests/fixtures/valid");
    let files = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<Fixture> = files
        .map(|file| {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            let fallback = if value["manifests"].is_array() {
                OCI_INDEX
            } else {
                OCI_MANIFEST
            };
            Fixture {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                media_type: value["mediaType"].as_str().unwrap_or(fallback).to_owned(),
                text,
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn digest_like(old: &str, bytes: &[u8]) -> String {
    if old.starts_with("sha512:") {
        let hash = Sha512::digest(bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        return format!("sha512:{hex}");
    }
    sha256(bytes)
}

/// A manifest of `media_type`, different for each `seed`, of exactly `len` bytes if that is enough.
fn child(repo: &Repo<'_>, media_type: &str, seed: &str, len: usize) -> Vec<u8> {
    let config = format!(
        r#"{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{}","size":2}}"#,
        repo.push_blob(b"{}")
    );
    let inside = if media_type.contains("index") || media_type.contains("list") {
        r#""manifests":[]"#.to_owned()
    } else {
        format!(r#""config":{config},"layers":[]"#)
    };
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}",{inside},"x":"{seed}"}}"#);
    let mut bytes = text.into_bytes();
    bytes.resize(bytes.len().max(len), b' ');
    bytes
}

/// Pushes what the fixture names; answers its text with the real digests.
fn prepare(repo: &Repo<'_>, fixture: &Fixture) -> String {
    let value: Value = serde_json::from_str(&fixture.text).unwrap();
    let mut text = fixture.text.clone();
    let lists = ["layers", "manifests", "blobs"].map(|key| value[key].as_array());
    let entries = lists.into_iter().flatten().flatten();
    let mut named: Vec<&Value> = entries.collect();
    if value["config"].is_object() {
        named.push(&value["config"]);
    }
    let children: Vec<&Value> = value["manifests"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let mut done: Vec<&str> = Vec::new();
    for entry in named {
        let old = entry["digest"].as_str().unwrap();
        if done.contains(&old) {
            continue;
        }
        done.push(old);
        let size = entry["size"].as_u64().unwrap();
        let len = usize::try_from(if size > LARGEST { 64 } else { size }).unwrap();
        let is_child = children.iter().any(|child| child["digest"] == old);
        let bytes = if is_child {
            child(repo, entry["mediaType"].as_str().unwrap(), old, len)
        } else if let Some(data) = entry["data"].as_str() {
            STANDARD.decode(data).unwrap()
        } else if size == 2 {
            b"{}".to_vec()
        } else {
            let mut bytes = old.as_bytes().to_vec();
            bytes.resize(len, b' ');
            bytes
        };
        let new = digest_like(old, &bytes);
        if is_child {
            let media_type = entry["mediaType"].as_str().unwrap();
            let answer = repo.put_manifest(&new, media_type, &bytes);
            assert_eq!(answer.status, 201, "{}: {}", fixture.name, answer.text());
        } else {
            let target = format!("blobs/uploads/?digest={new}");
            repo.request("POST", &target)
                .body(&bytes)
                .send()
                .expect(201);
        }
        text = text.replace(old, &new);
        let actual = u64::try_from(bytes.len()).unwrap();
        if actual != size {
            // The one number in the text that says this; sizes of fixtures are told apart.
            text = text.replace(&size.to_string(), &actual.to_string());
        }
    }
    text
}

#[test]
fn t12_artifacts_of_all_tools_are_taken() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 30, "{}", fixtures.len());
    let mut refused = Vec::new();
    for fixture in &fixtures {
        let repo = shared().repo(&format!("t12/{}", fixture.name));
        let text = prepare(&repo, fixture);
        let answer = repo.put_manifest("v1", &fixture.media_type, text.as_bytes());
        if answer.status != 201 {
            refused.push(format!(
                "{}: {} {}",
                fixture.name,
                answer.status,
                answer.text()
            ));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn t11_no_byte_changes_whatever_is_accepted() {
    let mut count = 0;
    for fixture in fixtures() {
        let repo = shared().repo(&format!("t11/{}", fixture.name));
        let text = prepare(&repo, &fixture);
        for (tag, text) in [
            ("plain", text.clone()),
            ("spaced", format!("\n\t {text}\r\n ")),
        ] {
            count += 1;
            let pushed = repo
                .put_manifest(tag, &fixture.media_type, text.as_bytes())
                .expect(201);
            let digest = sha256(text.as_bytes());
            assert_eq!(pushed.header("docker-content-digest"), Some(&*digest));
            for reference in [tag, &digest] {
                for accept in [
                    None,
                    Some("*/*"),
                    Some("application/vnd.docker.distribution.manifest.v1+prettyjws"),
                    Some("application/vnd.docker.distribution.manifest.v2+json"),
                    Some("text/html;q=0.1"),
                ] {
                    let request = repo.request("GET", &format!("manifests/{reference}"));
                    let answer = match accept {
                        Some(accept) => request.header("Accept", accept).send(),
                        None => request.send(),
                    };
                    assert_eq!(answer.status, 200, "{} {accept:?}", fixture.name);
                    assert!(
                        answer.body == text.as_bytes(),
                        "{} {accept:?}",
                        fixture.name
                    );
                    assert_eq!(answer.header("content-type"), Some(&*fixture.media_type));
                    assert_eq!(answer.header("docker-content-digest"), Some(&*digest));
                }
            }
        }
    }
    assert!(count >= 60, "{count} manifests");
}

/// What memory answered before comes from the database now.
#[test]
fn t11_no_byte_changes_over_a_restart() {
    let server = Server::start(&[]);
    let mut pushed = Vec::new();
    for fixture in fixtures() {
        let repo = server.repo(&format!("t11/{}", fixture.name));
        let text = prepare(&repo, &fixture);
        repo.put_manifest("v1", &fixture.media_type, text.as_bytes())
            .expect(201);
        pushed.push((fixture, text));
    }
    let server = server.kill_and_restart();
    for (fixture, text) in pushed {
        let repo = server.repo(&format!("t11/{}", fixture.name));
        for reference in ["v1", &sha256(text.as_bytes())] {
            let answer = repo.get(&format!("manifests/{reference}")).expect(200);
            assert!(answer.body == text.as_bytes(), "{}", fixture.name);
            assert_eq!(answer.header("content-type"), Some(&*fixture.media_type));
        }
    }
}
