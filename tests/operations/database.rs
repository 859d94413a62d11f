//! The embedded database dies under a running server, and comes back.

use std::time::{Duration, Instant};

use crate::support::{Server, noise, sha256, signal, wait_for};

#[test]
fn a_killed_database_comes_back_by_itself() {
    let server = Server::start(&[]);
    let repo = server.repo("outage");
    repo.push_image("v1", &noise(3, 1000));
    let before = server.postmasters();
    assert_eq!(before.len(), 1, "{before:?}");
    signal(before[0], "KILL");
    let begin = Instant::now();
    let mut refused = 0;
    // Every write either waits and succeeds or is told to come back; none hangs, none is lost.
    wait_for("writes work again", Duration::from_secs(10), || {
        let bytes = b"written into the outage";
        let target = format!("blobs/uploads/?digest={}", sha256(bytes));
        let answer = repo.request("POST", &target).body(bytes).send();
        if answer.status == 201 {
            return Some(());
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some());
        assert_eq!(answer.code(), "UNAVAILABLE");
        refused += 1;
        None
    });
    repo.push_image("v2", &noise(4, 1000));
    repo.get("manifests/v1").expect(200);
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{refused} refused"
    );
    let after = server.postmasters();
    assert_eq!(after.len(), 1, "{after:?}");
    assert_ne!(before, after);
}
