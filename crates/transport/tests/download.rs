//! Files over plain HTTP/1.1, where the kernel sends them.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::support::{CONTENT_LEN, Content, TestServer, wait_until};

fn whole() -> String {
    format!("/parts/0-{CONTENT_LEN}")
}

#[test]
fn a_file_arrives_whole_with_its_length() {
    let content = Content::create();
    let server = TestServer::start(&content);

    let (head, body) = server.connect().get(&whole());

    assert_eq!(head.status, 200);
    assert_eq!(head.content_len(), CONTENT_LEN);
    assert_eq!(head.find("transfer-encoding"), None);
    assert_eq!(head.find("x-marker"), Some("file"));
    assert!(body == content.bytes, "the body differs");
}

#[test]
fn several_parts_arrive_in_order() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let spans = [
        (5_000_000, 3_000_001),
        (0, 1),
        (77, 0),
        (1, 40_000),
        (CONTENT_LEN - 9, 9),
    ];
    let path = spans
        .map(|(offset, len)| format!("{offset}-{len}"))
        .join(",");

    let (_, body) = server.connect().get(&format!("/parts/{path}"));

    let expected: Vec<u8> = spans
        .iter()
        .flat_map(|(offset, len)| content.bytes[*offset..offset + len].iter().copied())
        .collect();
    assert!(body == expected, "the body differs");
}

#[test]
fn sizes_around_every_limit_arrive_whole() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    for limit in [1, 4096, 32 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024] {
        for len in [limit - 1, limit, limit + 1] {
            let (_, body) = client.get(&format!("/parts/3-{len}"));
            assert!(
                body == content.bytes[3..3 + len],
                "the body of {len} bytes differs"
            );
        }
    }
}

#[test]
fn an_empty_file_is_an_empty_body() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();

    let (head, body) = client.get("/parts/0-0");

    assert_eq!((head.status, head.content_len(), body.len()), (200, 0, 0));
    assert_eq!(client.get("/parts/0-5").1, content.bytes[..5]);
}

#[test]
fn head_has_the_length_and_no_body() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    for len in [0, 10, CONTENT_LEN] {
        client.send("HEAD", &format!("/parts/0-{len}"));

        let head = client.read_head();

        assert_eq!((head.status, head.content_len()), (200, len));
        assert_eq!(head.find("transfer-encoding"), None);
        assert_eq!(client.get("/parts/7-9").1, content.bytes[7..16]);
    }
}

#[test]
fn pipelined_responses_keep_their_order() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    let lengths = [3_000_000, 10, 100_000, 0, 5_000_000, 33_000, 1];
    let requests: String = lengths
        .iter()
        .map(|len| format!("GET /parts/{len}-{len} HTTP/1.1\r\nhost: test\r\n\r\n"))
        .collect();

    client.send_raw(requests.as_bytes());

    for len in lengths {
        let (head, body) = client.read_response();
        assert_eq!((head.status, head.content_len()), (200, len));
        assert!(
            body == content.bytes[len..2 * len],
            "the body of {len} bytes differs"
        );
    }
}

#[test]
fn ten_thousand_requests_use_one_connection() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    for number in 0..10_000 {
        let len = if number % 2 == 0 { 33_000 } else { 100 };
        let (_, body) = client.get(&format!("/parts/{number}-{len}"));
        assert!(
            body == content.bytes[number..number + len],
            "body {number} differs"
        );
    }
    assert_eq!(content.count_open(), 0);
}

#[test]
fn http_1_0_gets_the_file_and_the_end_of_the_connection() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();

    client.send_raw(format!("GET {} HTTP/1.0\r\n\r\n", whole()).as_bytes());

    let head = client.read_head();
    assert_eq!(head.content_len(), CONTENT_LEN);
    assert!(client.read_to_end() == content.bytes, "the body differs");
}

#[test]
fn a_client_may_close_its_half_and_still_gets_the_file() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    client.send("GET", &whole());

    client.stream.shutdown(std::net::Shutdown::Write).unwrap();

    client.read_head();
    assert!(client.read_to_end() == content.bytes, "the body differs");
}

#[test]
fn aborted_downloads_close_their_files() {
    let content = Content::create();
    let server = TestServer::start(&content);
    for _ in 0..20 {
        let mut client = server.connect();
        client.send("GET", &whole());
        client.read_head();
        assert_eq!(client.read_exact(1000), content.bytes[..1000]);
        assert!(content.count_open() > 0, "the download is under way");
    }
    wait_until("all files are closed", || content.count_open() == 0);
    assert_eq!(server.connect().get("/parts/0-5").1, content.bytes[..5]);
}

#[test]
fn a_stalled_reader_costs_nothing_and_gets_its_file_later() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut stalled = server.connect();
    stalled.send("GET", &whole());
    stalled.read_head();
    let mut other = server.connect();
    let mut read_cpu_us = || other.get_text("/cpu").parse::<u64>().unwrap();
    let mut before_us = read_cpu_us();
    wait_until("the socket is full", || {
        std::thread::park_timeout(Duration::from_millis(50));
        let now_us = read_cpu_us();
        now_us - std::mem::replace(&mut before_us, now_us) < 5_000
    });

    let waiting = Instant::now();
    while waiting.elapsed() < Duration::from_millis(500) {
        std::thread::park_timeout(Duration::from_millis(500));
    }

    let used_us = read_cpu_us() - before_us;
    assert!(
        used_us < 50_000,
        "waiting for half a second took {used_us} µs of CPU"
    );
    assert!(
        stalled.read_exact(CONTENT_LEN) == content.bytes,
        "the body differs"
    );
}

#[test]
fn a_file_cut_short_ends_the_connection() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    client.send("GET", &whole());
    client.read_head();
    let kept = CONTENT_LEN - 1_000_000;
    File::options()
        .write(true)
        .open(&content.path)
        .unwrap()
        .set_len(u64::try_from(kept).unwrap())
        .unwrap();

    let body = client.read_to_end();

    assert!(
        body.len() < CONTENT_LEN,
        "the length was promised and cannot be kept"
    );
    assert!(body == content.bytes[..body.len()], "the beginning differs");
    wait_until("the file is closed", || content.count_open() == 0);
}

#[test]
fn a_part_past_the_end_ends_the_connection_even_when_small() {
    let content = Content::create();
    let server = TestServer::start(&content);
    for (offset, len) in [
        (CONTENT_LEN - 10, 20),
        (CONTENT_LEN - 10, 100_000),
        (CONTENT_LEN, 1),
    ] {
        let mut client = server.connect();
        client.send("GET", &format!("/parts/{offset}-{len}"));

        let head = client.read_head();

        assert_eq!(head.content_len(), len);
        let body = client.read_to_end();
        assert!(body.len() < len, "the file does not hold {len} bytes there");
        assert_eq!(body, content.bytes[offset..offset + body.len()]);
    }
}

#[test]
fn a_body_that_gives_up_ends_the_connection() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    let next = "GET /peer HTTP/1.1\r\nhost: test\r\n\r\n";
    client.send_raw(
        format!("GET /abandon/0-{CONTENT_LEN} HTTP/1.1\r\nhost: test\r\n\r\n{next}").as_bytes(),
    );

    let answer = client.read_to_end();

    let text = String::from_utf8_lossy(&answer);
    assert!(
        !text.contains("false Http1"),
        "the next response must not pass for the file: {text}"
    );
}

#[test]
fn a_large_download_leaves_time_for_others() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let download = scope.spawn(|| {
            let mut client = server.connect();
            let mut rounds = 0;
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                assert!(client.get(&whole()).1 == content.bytes, "the body differs");
                rounds += 1;
            }
            rounds
        });
        let mut other = server.connect();
        let started = Instant::now();
        for _ in 0..200 {
            assert_eq!(other.get("/parts/0-5").1, content.bytes[..5]);
        }
        let waited = started.elapsed();
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(download.join().unwrap() > 0);
        assert!(
            waited < Duration::from_secs(20),
            "200 small requests took {waited:?}"
        );
    });
}

#[test]
fn a_cold_file_arrives_whole() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let file = File::open(&content.path).unwrap();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    drop(file);

    let (_, body) = server.connect().get(&whole());

    assert!(body == content.bytes, "the body differs");
}
