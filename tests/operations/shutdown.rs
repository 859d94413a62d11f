//! A polite stop: running requests end, nothing new is taken, and no process stays behind.

use std::time::Duration;

use crate::support::{Server, Wire, noise, wait_for};

#[test]
fn sigterm_lets_a_running_download_end() {
    let server = Server::start(&[("server.drain_timeout", "20s")]);
    let repo = server.repo("drain");
    let bytes = noise(99, 40_000_000);
    let digest = repo.push_blob(&bytes);
    let mut wire = Wire::open(server.address);
    wire.send(
        repo.request("GET", &format!("blobs/{digest}"))
            .head()
            .as_bytes(),
    );
    // The sockets hold a few of the 40 MB: the answer is far from over.
    std::thread::sleep(Duration::from_millis(300));
    let postmasters = server.postmasters();
    assert_eq!(postmasters.len(), 1);
    server.signal("TERM");
    wait_for("no new connections", Duration::from_secs(5), || {
        let ping = server.get("/v1/_ping").try_send();
        ping.is_none().then_some(())
    });
    assert!(server.is_alive());
    let answer = wire.read(false).expect("the whole answer").expect(200);
    assert!(answer.body == bytes);
    drop(wire);
    let folder = server.dir.clone();
    assert!(server.ends_well());
    assert!(!folder.exists());
    for pid in postmasters {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}

#[test]
fn after_a_kill_the_next_start_takes_the_database_over() {
    let server = Server::start(&[]);
    let digest = server.repo("killed").push_image("v1", &noise(5, 100_000));
    let before = server.postmasters();
    let server = server.kill_and_restart();
    let after = server.postmasters();
    assert_eq!((before.len(), after.len()), (1, 1), "{before:?} {after:?}");
    let head = server.repo("killed").head("manifests/v1").expect(200);
    assert_eq!(head.header("docker-content-digest"), Some(&*digest));
}
