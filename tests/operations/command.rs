//! Commands: checking configuration, and administering beside a running server.

use crate::support::{shared, slipway};

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
