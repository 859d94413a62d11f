//! Everything that can grow has a bound, and a gauge that shows how far it has grown.
//!
//! The places are found in the sources: each file that makes a queue or a cache stands in the
//! table, with the gauge that shows its filling.

use std::collections::BTreeSet;

use crate::policy::{has_extension, listed, read_files};
use crate::support::shared;

/// How queues and caches begin.
const MAKERS: [&str; 9] = [
    "Fifo::new(",
    "LruCache::new(",
    "LruCache::unbounded(",
    "Mailbox::start(",
    "RateLimiter::keyed(",
    "Semaphore::new(",
    "VecDeque::new(",
    "mpsc::channel(",
    "unbounded_channel(",
];

/// Files that make a queue or a cache, and the gauge of each.
const GAUGES: [(&str, &str); 22] = [
    ("actors/src/account/issuer.rs", "slipway_outside_issuers"),
    ("actors/src/node/verify.rs", "slipway_verifications_waiting"),
    ("actors/src/blob_index/mod.rs", "slipway_commits_waiting"),
    ("actors/src/boot.rs", "slipway_commits_waiting"),
    ("actors/src/boot.rs", "slipway_ledger_waiting"),
    (
        "actors/src/boot.rs",
        "slipway_mailbox_waiting{actor=\"accounts\"}",
    ),
    (
        "actors/src/boot.rs",
        "slipway_mailbox_waiting{actor=\"catalog\"}",
    ),
    (
        "actors/src/boot.rs",
        "slipway_mailbox_waiting{actor=\"node\"}",
    ),
    (
        "actors/src/kernel/directory.rs",
        "slipway_mailbox_waiting{actor=\"repository\"}",
    ),
    (
        "actors/src/kernel/directory.rs",
        "slipway_mailbox_waiting{actor=\"upload\"}",
    ),
    (
        "actors/src/kernel/directory.rs",
        "slipway_repository_actors",
    ),
    (
        "actors/src/kernel/fifo.rs",
        "slipway_mailbox_waiting{actor=\"repository\"}",
    ),
    ("actors/src/repository/cache.rs", "slipway_cached_bytes"),
    (
        "actors/src/repository/mod.rs",
        "slipway_mailbox_waiting{actor=\"repository\"}",
    ),
    ("actors/src/upload/session.rs", "slipway_upload_actors"),
    (
        "crates/auth/src/password.rs",
        "slipway_mailbox_waiting{actor=\"accounts\"}",
    ),
    (
        "crates/auth/src/token_cache.rs",
        "slipway_token_cache_entries",
    ),
    (
        "crates/auth/src/verified_cache.rs",
        "slipway_verified_passwords",
    ),
    ("crates/storage/src/local/handles.rs", "process_open_fds"),
    ("crates/storage/src/local/mod.rs", "process_open_fds"),
    ("crates/storage/src/writer.rs", "slipway_upload_actors"),
    ("src/edge/body.rs", "slipway_upload_actors"),
];

/// Keys of the section `limits` that bound one request, which waits nowhere.
const ONE_REQUEST: [&str; 4] = [
    "limits.max_description_bytes",
    "limits.max_api_body_bytes",
    "limits.max_header_bytes",
    "limits.max_uri_bytes",
];

/// The other keys that bound something, and its gauge.
const KEYS: [(&str, &str); 18] = [
    ("limits.mail_queue", "slipway_mails_waiting"),
    (
        "limits.signins_per_minute_per_ip",
        "slipway_signin_networks",
    ),
    (
        "limits.signins_per_minute_per_account",
        "slipway_signin_names",
    ),
    ("limits.max_uploads", "slipway_upload_actors"),
    (
        "limits.max_uploads_per_owner",
        "slipway_uploads_of_one_account",
    ),
    (
        "limits.repository_mailbox",
        "slipway_mailbox_waiting{actor=\"repository\"}",
    ),
    (
        "limits.upload_mailbox",
        "slipway_mailbox_waiting{actor=\"upload\"}",
    ),
    ("limits.blob_index_mailbox", "slipway_commits_waiting"),
    ("limits.ledger_queue", "slipway_ledger_waiting"),
    ("limits.repository_actors", "slipway_repository_actors"),
    ("limits.tag_cache_entries", "slipway_cached_bytes"),
    ("limits.manifest_cache_bytes", "slipway_cached_bytes"),
    ("limits.blob_cache_entries", "slipway_cached_bytes"),
    ("limits.requests_per_second_per_ip", "slipway_rate_networks"),
    ("auth.token_cache_entries", "slipway_token_cache_entries"),
    (
        "auth.argon2_concurrent",
        "slipway_mailbox_waiting{actor=\"accounts\"}",
    ),
    ("database.pool_size", "slipway_database_busy"),
    ("server.max_connections", "process_open_fds"),
];

fn is_shipped(path: &str) -> bool {
    let is_test = ["tests/", "benches/", "examples/", "crates/testkit/"];
    has_extension(path, "rs") && !is_test.iter().any(|part| path.contains(part))
}

#[test]
fn t25_each_queue_and_cache_in_the_sources_has_its_gauge() {
    let files = read_files(is_shipped).expect("the sources are readable");
    let mut found = BTreeSet::new();
    for file in &files {
        let shipped = file.text.split("#[cfg(test)]").next().unwrap();
        if MAKERS.iter().any(|maker| shipped.contains(maker)) {
            found.insert(file.path.as_str());
        }
    }
    let known: BTreeSet<&str> = GAUGES.iter().map(|(path, _)| *path).collect();
    assert_eq!(
        found, known,
        "a queue or cache without a gauge, or a gauge of nothing"
    );

    let limits: BTreeSet<&str> = slipway_config::list_keys()
        .map(|key| key.path)
        .filter(|path| path.starts_with("limits.") && !ONE_REQUEST.contains(path))
        .collect();
    let bounded = KEYS.iter().map(|(key, _)| *key);
    let bounded: BTreeSet<&str> = bounded.filter(|key| key.starts_with("limits.")).collect();
    assert_eq!(limits, bounded, "a limit without a gauge");
    for (key, _) in KEYS {
        assert!(slipway_config::find_key(key).is_some(), "{key}");
    }

    let metrics = shared().get("/metrics").send().expect(200).text();
    let mut missing = Vec::new();
    for gauge in GAUGES.iter().chain(&KEYS).map(|(_, gauge)| *gauge) {
        let name = gauge.split('{').next().unwrap();
        let is_gauge = metrics.contains(&format!("# TYPE {name} gauge\n"));
        if !is_gauge || !metrics.contains(&format!("\n{gauge} ")) {
            missing.push(gauge.to_owned());
        }
    }
    assert!(missing.is_empty(), "{}", listed(&missing));
}
