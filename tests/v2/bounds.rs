//! Bounds on what one account may take, and tokens that are older than what they name.

use std::time::Duration;

use serde_json::json;

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, noise, slipway, wait_for};

#[test]
fn an_account_has_so_many_uploads_open_and_no_more() {
    let server = Server::start(&[("limits.max_uploads_per_owner", "3")]);
    let repo = server.repo("bounded");
    let locations: Vec<String> = (0..3).map(|_| repo.start_upload()).collect();
    let refused = repo.request("POST", "blobs/uploads/").send().expect(429);
    assert!(refused.header("retry-after").is_some());
    repo.request("DELETE", &locations[0]).send().expect(204);
    repo.start_upload();
    let metrics = server.get("/metrics").send().expect(200).text();
    let gauge = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split(' ').nth(1))
            .map(str::to_owned)
    };
    assert_eq!(
        gauge("slipway_uploads_of_one_account ").as_deref(),
        Some("3")
    );
    assert_eq!(
        gauge("slipway_uploads_of_one_network ").as_deref(),
        Some("3")
    );
}

#[test]
fn a_namespace_holds_so_many_repositories_and_no_more() {
    let server = Server::start(&[("registry.max_repositories_per_namespace", "2")]);
    for name in ["one", "two"] {
        server.repo(name).push_blob(&noise(1, 10));
    }
    let third = server.repo("three");
    let refused = third.request("POST", "blobs/uploads/").send().expect(403);
    assert_eq!(refused.code(), "DENIED");
    server.repo("one").push_blob(&noise(2, 10));
}

#[test]
fn a_token_for_a_free_name_dies_when_somebody_else_takes_it() {
    let server = Server::start(&[("registry.create_namespace_on_push", "true")]);
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    let args = [
        "admin",
        "create-user",
        "--username",
        "second",
        "--password-stdin",
    ];
    let made = slipway(&args, PASSWORD, &server.dir, &keys);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let old = server.token_of("second", PASSWORD, "repository:taken/app:pull,push");
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "taken" }))
        .expect(201);
    let own = server.token_of(ACCOUNT, PASSWORD, "repository:taken/app:pull,push");
    let start = |token: &str| {
        let request = server.request("POST", "/v2/taken/app/blobs/uploads/");
        request.bearer(token).send().status
    };
    assert!([401, 405].contains(&start(&old)), "not even at once");
    assert_eq!(start(&own), 202);
    wait_for("the old token dies", Duration::from_secs(5), || {
        (start(&old) == 401).then_some(())
    });
    let again = server.token_of("second", PASSWORD, "repository:taken/app:pull,push");
    assert_eq!(start(&again), 401, "a fresh token grants nothing there");
}
