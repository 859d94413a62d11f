//! Request bodies: they pass the connection untouched.

use crate::support::app::checksum;
use crate::support::{Content, TestServer, tls};

const LEN: usize = 9_000_001;

fn expected(bytes: &[u8]) -> String {
    format!("{} {}", bytes.len(), checksum(0, bytes))
}

#[test]
fn an_upload_arrives_whole_and_the_connection_goes_on() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    let body = &content.bytes[..LEN];
    for _ in 0..3 {
        client.send_raw(
            format!("PUT /upload HTTP/1.1\r\nhost: test\r\ncontent-length: {LEN}\r\n\r\n")
                .as_bytes(),
        );
        client.send_raw(body);

        assert_eq!(client.read_response().1, expected(body).into_bytes());
        assert_eq!(client.get("/parts/0-50000").1, content.bytes[..50_000]);
    }
}

#[test]
fn a_chunked_upload_arrives_whole() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    let body = &content.bytes[..LEN];
    client.send_raw(b"PUT /upload HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in body.chunks(70_000) {
        client.send_raw(format!("{:x}\r\n", chunk.len()).as_bytes());
        client.send_raw(chunk);
        client.send_raw(b"\r\n");
    }
    client.send_raw(b"0\r\n\r\n");

    assert_eq!(client.read_response().1, expected(body).into_bytes());
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    client.send_raw(
        b"PUT /upload HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n",
    );

    assert_eq!(client.read_head().status, 100);

    client.send_raw(&content.bytes[..5]);
    assert_eq!(
        client.read_response().1,
        expected(&content.bytes[..5]).into_bytes()
    );
}

#[test]
fn an_encrypted_upload_arrives_whole() {
    let content = Content::create();
    let (server, pair, _) = tls::start(&content, |_, _| {});
    let mut client = tls::connect(&server, &pair);
    let body = &content.bytes[..LEN];
    client.send_raw(
        format!("PUT /upload HTTP/1.1\r\nhost: test\r\ncontent-length: {LEN}\r\n\r\n").as_bytes(),
    );
    client.send_raw(body);

    assert_eq!(client.read_response().1, expected(body).into_bytes());
    assert_eq!(client.get("/parts/0-50000").1, content.bytes[..50_000]);
}

#[test]
fn a_refused_upload_is_answered_before_it_ends() {
    let content = Content::create();
    let server = TestServer::start(&content);
    let mut client = server.connect();
    client.send_raw(b"PUT /refuse HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n");
    client.send_raw(&content.bytes[..300_000]);

    let (head, body) = client.read_response();

    assert_eq!((head.status, body.as_slice()), (403, b"no".as_slice()));
}
