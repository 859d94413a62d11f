//! Clients that take too long, and more of them than are let in.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::{Content, PATIENCE, TestServer, default_settings, wait_until};

const SHORT: Duration = Duration::from_secs(1);

#[test]
fn a_first_head_that_does_not_end_is_answered_408() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.header_timeout = SHORT;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    client.send_raw(b"GET /peer HTTP/1.1\r\nhost: te");

    let answer = client.read_to_end();

    assert!(
        answer.starts_with(b"HTTP/1.1 408 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[test]
fn a_connection_that_sends_nothing_is_closed() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.header_timeout = SHORT;
    for http2 in [false, true] {
        settings.http2 = http2;
        let server = TestServer::start_with(&content, settings.clone());
        server.connect().read_to_end();
    }
}

#[test]
fn a_later_head_that_only_trickles_is_cut_off() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.header_timeout = SHORT;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    assert_eq!(client.get("/parts/0-50000").1, content.bytes[..50_000]);
    let started = Instant::now();
    client.send_raw(b"GET /peer HTTP/1.1\r\nx-slow: ");

    wait_until("the connection is closed", || {
        let written = client.stream.write_all(b"a");
        std::thread::park_timeout(Duration::from_millis(50));
        written.is_err() || client.is_closed()
    });

    assert!(
        started.elapsed() < PATIENCE / 2,
        "took {:?}",
        started.elapsed()
    );
    assert!(
        started.elapsed() >= SHORT,
        "took only {:?}",
        started.elapsed()
    );
}

#[test]
fn a_slow_upload_and_a_slow_download_outlive_the_head_deadline() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.header_timeout = Duration::from_millis(600);
    settings.keep_alive = Duration::from_millis(600);
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    client.send_raw(b"PUT /upload HTTP/1.1\r\nhost: test\r\ncontent-length: 30\r\n\r\n");
    for _ in 0..30 {
        std::thread::park_timeout(Duration::from_millis(100));
        client.send_raw(b"x");
    }
    assert_eq!(client.read_response().0.status, 200);

    client.send("GET", &format!("/parts/0-{}", content.bytes.len()));
    let head = client.read_head();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        std::thread::park_timeout(Duration::from_secs(3));
    }

    assert!(
        client.read_exact(head.content_len()) == content.bytes,
        "the body differs"
    );
}

#[test]
fn an_idle_connection_is_closed_after_its_keep_alive() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.keep_alive = SHORT;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    assert_eq!(client.get("/parts/0-50000").1, content.bytes[..50_000]);
    let started = Instant::now();

    assert_eq!(client.read_to_end(), b"");

    assert!(
        started.elapsed() >= SHORT / 3,
        "took only {:?}",
        started.elapsed()
    );
    assert!(
        started.elapsed() < PATIENCE / 2,
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn a_keep_alive_of_zero_closes_after_each_response() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.keep_alive = Duration::ZERO;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();

    let (head, body) = client.get("/parts/0-50000");

    assert_eq!(head.find("connection"), Some("close"));
    assert_eq!(body, content.bytes[..50_000]);
    assert_eq!(client.read_to_end(), b"");
}

#[test]
fn without_a_head_deadline_heads_may_take_their_time() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.header_timeout = Duration::ZERO;
    let server = TestServer::start_with(&content, settings);
    let mut client = server.connect();
    for _ in 0..2 {
        client.send_raw(b"GET /peer HTTP/1.1\r\n");
        std::thread::park_timeout(Duration::from_millis(100));
        client.send_raw(b"host: test\r\n\r\n");
        assert_eq!(client.read_response().0.status, 200);
    }
}

#[test]
fn connections_beyond_the_limit_wait_their_turn() {
    let content = Content::create();
    let mut settings = default_settings();
    settings.max_connections = 2;
    let server = TestServer::start_with(&content, settings);
    let mut inside: Vec<_> = (0..2).map(|_| server.connect()).collect();
    for client in &mut inside {
        client.get_text("/peer");
    }
    let mut waiting = server.connect();
    waiting.send("GET", "/peer");
    waiting
        .stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    assert!(
        waiting.stream.peek(&mut [0]).is_err(),
        "the third is let in"
    );

    drop(inside);

    waiting.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(waiting.read_response().0.status, 200);
}
