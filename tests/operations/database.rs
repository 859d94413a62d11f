//! The embedded database dies under a running server, and comes back.

use std::time::{Duration, Instant};

use crate::support::{Repo, Server, noise, sha256, signal, wait_for};

/// One write: done, or told to come back later; nothing else is right.
fn try_to_write(repo: &Repo<'_>, bytes: &[u8]) -> Option<()> {
    let target = format!("blobs/uploads/?digest={}", sha256(bytes));
    let answer = repo.request("POST", &target).body(bytes).send();
    if answer.status == 201 {
        return Some(());
    }
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.code(), "UNAVAILABLE");
    None
}

#[test]
fn a_killed_database_comes_back_by_itself() {
    let server = Server::start(&[]);
    let repo = server.repo("outage");
    repo.push_image("v1", &noise(3, 1000));
    let before = server.postmasters();
    assert_eq!(before.len(), 1, "{before:?}");
    signal(before[0], "KILL");
    let begin = Instant::now();
    let limit = Duration::from_secs(10);
    // Backends of the killed one may answer a last write; the one that counts comes after.
    wait_for("writes work", limit, || {
        try_to_write(&repo, b"into the outage")
    });
    wait_for("one other postmaster", limit, || {
        let after = server.postmasters();
        (after.len() == 1 && after != before).then_some(())
    });
    wait_for("writes work again", limit, || {
        try_to_write(&repo, b"after it")
    });
    repo.push_image("v2", &noise(4, 1000));
    for tag in ["v1", "v2"] {
        repo.get(&format!("manifests/{tag}")).expect(200);
    }
    let spent = begin.elapsed();
    assert!(spent < Duration::from_secs(20), "{spent:?}");
}
