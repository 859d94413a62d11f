//! Stopping: running requests finish, idle connections do not hold the server up.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{CONTENT_LEN, Content, PATIENCE, TestServer, default_settings, wait_until};

#[test]
fn a_graceful_stop_lets_a_download_finish() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut idle = server.connect();
    idle.get_text("/peer");
    let mut client = server.connect();
    client.send("GET", &format!("/parts/0-{CONTENT_LEN}"));
    client.read_head();

    drop(server.handle.stop(true));

    wait_until("the idle connection is closed", || idle.is_closed());
    wait_until("nobody listens", || {
        TcpStream::connect(server.address).is_err()
    });
    assert!(
        client.read_exact(CONTENT_LEN) == content.bytes,
        "the body differs"
    );
    assert_eq!(client.read_to_end(), b"");
}

#[test]
fn a_graceful_stop_ends_once_nothing_runs() {
    let content = Content::create();
    let mut server = TestServer::start(&content);
    let mut idle = server.connect();
    idle.get_text("/peer");
    let started = Instant::now();

    server.stop(true);

    assert!(
        started.elapsed() < PATIENCE / 2,
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn a_graceful_stop_gives_up_on_a_stalled_reader_in_time() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.shutdown_timeout = Duration::from_secs(1);
    let mut server = TestServer::start_with(&content, settings);
    let mut stalled = server.connect();
    stalled.send("GET", &format!("/parts/0-{CONTENT_LEN}"));
    stalled.read_head();
    let started = Instant::now();

    server.stop(true);

    assert!(
        started.elapsed() < PATIENCE / 2,
        "took {:?}",
        started.elapsed()
    );
    assert!(stalled.read_to_end().len() < CONTENT_LEN);
    wait_until("the file is closed", || content.count_open() == 0);
}
