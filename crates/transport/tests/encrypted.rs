//! HTTP/1.1 over TLS, and certificates replaced under a running server.

use std::fs::{self, File};
use std::io::Write;

use rustls::version;
use slipway_transport::TlsVersion;

use crate::support::{CONTENT_LEN, Content, TestServer, tls, wait_until};

#[test]
fn a_file_arrives_whole_with_its_length() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = tls::connect(&server, &pair);
    for _ in 0..2 {
        let (head, body) = client.get(&format!("/parts/0-{CONTENT_LEN}"));

        assert_eq!((head.status, head.content_len()), (200, CONTENT_LEN));
        assert_eq!(head.find("transfer-encoding"), None);
        assert!(body == content.bytes, "the body differs");
    }
    assert_eq!(content.count_open(), 0);
}

#[test]
fn pipelined_responses_keep_their_order() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = tls::connect(&server, &pair);
    let lengths = [3_000_000, 10, 100_000, 0, 256 * 1024, 33_000, 1];
    let requests: String = lengths
        .iter()
        .map(|len| format!("GET /parts/{len}-{len},0-1 HTTP/1.1\r\nhost: test\r\n\r\n"))
        .collect();

    client.send_raw(requests.as_bytes());

    for len in lengths {
        let (_, body) = client.read_response();
        let expected = [&content.bytes[len..2 * len], &content.bytes[..1]].concat();
        assert!(body == expected, "the body of {len} bytes differs");
    }
}

#[test]
fn head_has_the_length_and_no_body() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = tls::connect(&server, &pair);
    client.send("HEAD", &format!("/parts/0-{CONTENT_LEN}"));

    assert_eq!(client.read_head().content_len(), CONTENT_LEN);
    assert_eq!(client.get("/parts/7-9").1, content.bytes[7..16]);
}

#[test]
fn a_file_cut_short_ends_the_connection() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = tls::connect(&server, &pair);
    client.send("GET", &format!("/parts/0-{CONTENT_LEN}"));
    client.read_head();
    let kept = u64::try_from(CONTENT_LEN - 1_000_000).unwrap();
    File::options()
        .write(true)
        .open(&content.path)
        .unwrap()
        .set_len(kept)
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
fn aborted_downloads_close_their_files() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    for _ in 0..5 {
        let mut client = tls::connect(&server, &pair);
        client.send("GET", &format!("/parts/0-{CONTENT_LEN}"));
        client.read_head();
        assert!(content.count_open() > 0, "the download is under way");
    }
    wait_until("all files are closed", || content.count_open() == 0);
}

#[test]
fn requests_know_that_they_are_encrypted() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    assert_eq!(
        tls::connect(&server, &pair).get_text("/peer"),
        "https true Http1"
    );

    let plain = TestServer::start(&content);
    assert_eq!(plain.connect().get_text("/peer"), "http false Http1");
}

#[test]
fn a_client_that_does_not_speak_tls_does_no_harm() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = server.connect();
    client.send("GET", "/peer");

    client.read_to_end();

    assert_eq!(
        tls::connect(&server, &pair).get_text("/peer"),
        "https true Http1"
    );
}

#[test]
fn an_old_protocol_version_is_refused_when_told_to() {
    let content = Content::create();
    for (min_version, is_accepted) in [(TlsVersion::Tls12, true), (TlsVersion::Tls13, false)] {
        let (server, pair, _) = tls::start(&content, |_, tls| tls.min_version = min_version);

        let old = tls::client_config(&pair, &[&version::TLS12], &[]);
        assert_eq!(
            tls::connect_with(&server, old).is_ok(),
            is_accepted,
            "{min_version:?}"
        );

        let new = tls::client_config(&pair, &[&version::TLS13], &[]);
        assert!(tls::connect_with(&server, new).is_ok());
    }
}

#[test]
fn http_2_is_offered_only_when_told_to() {
    let content = Content::create();
    for (http2, expected) in [(true, b"h2".as_slice()), (false, b"http/1.1".as_slice())] {
        let (server, pair, _) = tls::start(&content, |settings, _| settings.http2 = http2);
        let config = tls::client_config(&pair, &[&version::TLS13], &["h2", "http/1.1"]);

        let client = tls::connect_with(&server, config).unwrap();

        assert_eq!(client.stream.conn.alpn_protocol(), Some(expected));
    }
}

#[test]
fn a_new_certificate_is_taken_up_and_old_connections_go_on() {
    let content = Content::create();
    let (server, old_pair, settings) = tls::start(&content, |_, _| {});
    let mut before = tls::connect(&server, &old_pair);
    before.get_text("/peer");
    let new_pair = tls::create_pair();

    tls::install(&new_pair, &settings);

    let is_trusted = |pair| {
        let config = tls::client_config(pair, &[&version::TLS13], &[]);
        tls::connect_with(&server, config).is_ok()
    };
    wait_until("the new certificate is shown", || is_trusted(&new_pair));
    assert!(!is_trusted(&old_pair));
    assert_eq!(before.get_text("/peer"), "https true Http1");
}

#[test]
fn a_bad_new_certificate_leaves_the_old_one_in_place() {
    let content = Content::create();
    let (server, old_pair, settings) = tls::start(&content, |_, _| {});
    let new_pair = tls::create_pair();
    let mut key_file = File::options()
        .append(true)
        .open(&settings.certificate)
        .unwrap();
    key_file
        .write_all(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
        .unwrap();
    drop(key_file);
    fs::write(&settings.key, &new_pair.key).unwrap();
    for _ in 0..10 {
        tls::connect(&server, &old_pair).get_text("/peer");
        std::thread::park_timeout(settings.reload_interval);
    }

    fs::write(&settings.certificate, &new_pair.certificate).unwrap();

    wait_until("the mended pair is shown", || {
        let config = tls::client_config(&new_pair, &[&version::TLS13], &[]);
        tls::connect_with(&server, config).is_ok()
    });
}
