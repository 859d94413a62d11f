//! Commands: checking configuration, and administering beside a running server.

use std::time::Duration;

use crate::support::{Server, shared, slipway, wait_for};

#[test]
fn config_check_lists_all_faults_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let keys = [
        ("registry.state", "sleeping"),
        ("auth.token_life", "soon"),
        ("server.workers", "-1"),
        ("server.colour", "green"),
    ];
    let output = slipway(&["config", "check"], "", folder.path(), &keys);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).to_lowercase();
    for (key, value) in keys {
        let is_named = text.contains(key) || text.contains(&key.replace('.', "__"));
        assert!(is_named, "{key} in {text}");
        assert!(
            key == "server.colour" || text.contains(value),
            "{value} in {text}"
        );
    }
    let output = slipway(&["config", "check"], "", folder.path(), &keys[..0]);
    assert!(output.status.success());
}

#[test]
fn a_superuser_is_made_beside_a_running_server() {
    let server = shared();
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    let args = [
        "admin",
        "create-superuser",
        "--username",
        "second",
        "--password-stdin",
    ];
    let made = slipway(&args, "a-good-password\n", &server.dir, &keys);
    let text = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "{text}");
    server.token_of("second", "a-good-password", "repository:second/x:pull,push");
    let again = slipway(&args, "a-good-password\n", &server.dir, &keys);
    assert_eq!(again.status.code(), Some(1));
    let text = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(text.contains("already exists"), "{text}");
}

#[test]
fn health_asks_a_running_server() {
    let server = shared();
    for path in [
        "/health",
        "/health/instance",
        "/health/endtoend",
        "/_internal_ping",
        "/metrics",
    ] {
        let answer = server.get(path).send();
        assert_eq!(answer.status, 200, "{path}");
    }
    let ping = server.get("/v1/_ping").send().expect(200);
    assert_eq!(ping.text(), "true");
    assert_eq!(ping.header("x-docker-registry-version"), Some("0.6.0"));
    assert_eq!(ping.header("x-docker-registry-standalone"), Some("0"));
}

#[test]
fn fsck_tells_of_a_hold_and_ends_it_beside_a_running_server() {
    let server = Server::start(&[]);
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    let fsck = |args: &[&str]| slipway(args, "", &server.dir, &keys);
    let well = fsck(&["fsck"]);
    assert!(well.status.success(), "{well:?}");
    assert_eq!(held(&server), None);

    // A marker of a newer database in the store is what an older dump meets.
    let marker = data.join("blobs/seg/0/00000000000000000000000000ffffff");
    std::fs::write(marker, b"").unwrap();
    server.signal("TERM");
    let server = server.restart_with(&[]);
    let reason = held(&server).expect("the older database is doubted");
    assert!(reason.contains("older than the store"), "{reason}");
    let metric = "slipway_deletions_held{doubted=\"database\"} 1";
    let page = server.get("/metrics").send().expect(200).text();
    assert!(page.contains(metric), "{page}");
    let told = wait_for("fsck tells of it", Duration::from_secs(10), || {
        let told = slipway(&["fsck"], "", &server.dir, &keys);
        (told.status.code() == Some(1)).then_some(told)
    });
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("older than the store"), "{text}");

    let accepted = slipway(&["fsck", "--accept"], "", &server.dir, &keys);
    assert!(accepted.status.success(), "{accepted:?}");
    wait_for("the hold ends", Duration::from_secs(10), || {
        held(&server).is_none().then_some(())
    });
}

/// Why the server deletes nothing, by its health; it serves all the same.
fn held(server: &Server) -> Option<String> {
    let answer = server.get("/health/instance").send().expect(200).json();
    let reason = answer["data"]["held"]["database"].as_str();
    reason.map(str::to_owned)
}
