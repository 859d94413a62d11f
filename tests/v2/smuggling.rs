//! Bytes that two servers could read differently, bodies that end early, and those that stall.
//!
//! Each is answered once and the connection closed: what follows a request whose end is in doubt
//! must never be taken for another request.

use std::time::Duration;

use crate::support::{Answer, Server, Wire, sha256, shared, wait_for};

const FOLLOWER: &str = "GET /v1/_ping HTTP/1.1\r\nHost: x\r\n\r\n";

const SHAPES: &[(&str, &str)] = &[
    ("no host", "GET /v1/_ping HTTP/1.1\r\n\r\n"),
    (
        "two hosts",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ),
    (
        "length and chunks",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunks and length",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        "two lengths",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n",
    ),
    (
        "list of lengths",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 44\r\n\r\n",
    ),
    (
        "signed length",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n",
    ),
    (
        "negative length",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ),
    (
        "length of words",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nContent-Length: zero\r\n\r\n",
    ),
    (
        "unknown coding",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
    ),
    (
        "chunks not last",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "two codings",
        "POST /v2/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunks in HTTP/1.0",
        "POST /v2/auth HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "folded header",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
    ),
    (
        "space before the colon",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
    ),
    (
        "space before the name",
        "GET /v1/_ping HTTP/1.1\r\n Host: x\r\n\r\n",
    ),
    (
        "header without a colon",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    ),
    (
        "zero byte in a header",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n",
    ),
    (
        "bare return",
        "GET /v1/_ping HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n",
    ),
    (
        "another version",
        "GET /v1/_ping HTTP/3.7\r\nHost: x\r\n\r\n",
    ),
    ("no version", "GET /v1/_ping\r\nHost: x\r\n\r\n"),
    ("no method", " /v1/_ping HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "no request at all",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n",
    ),
];

/// Sends bytes, then a request that must not be seen; answers what came, and how many.
fn send_all(server: &Server, bytes: &str) -> (Option<Answer>, bool) {
    let mut wire = Wire::open(server.address);
    wire.send(bytes.as_bytes());
    wire.send(FOLLOWER.as_bytes());
    let first = wire.read(false);
    let is_closed = wire.is_closed_within(Duration::from_secs(8));
    (first, is_closed)
}

#[test]
fn what_could_be_read_two_ways_is_refused_and_the_connection_closed() {
    let mut wrong = Vec::new();
    for (name, bytes) in SHAPES {
        let (answer, is_closed) = send_all(shared(), bytes);
        let status = answer.map(|answer| answer.status);
        if status != Some(400) || !is_closed {
            wrong.push(format!("{name}: {status:?}, closed: {is_closed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines that end without a return are one request to us, as RFC 9112 (2.2) allows; the length
/// of the body is never read from such a line alone, and the follower is a request of its own.
#[test]
fn bare_line_feeds_do_not_hide_a_request() {
    let mut wire = Wire::open(shared().address);
    wire.send(b"GET /v1/_ping HTTP/1.1\nHost: x\n\n");
    wire.send(FOLLOWER.as_bytes());
    for _ in 0..2 {
        wire.read(false).expect("an answer").expect(200);
    }
    assert!(!wire.is_closed_within(Duration::from_millis(200)));
}

/// Bad chunks after a good head: the request is running already, and the HTTP library closes the
/// connection before its answer is there. What matters: nothing after them is taken for a request,
/// and no byte of a malformed chunk is kept.
#[test]
fn malformed_chunks_end_the_request() {
    let repo = shared().repo("smuggling/chunks");
    let mut wrong = Vec::new();
    for (name, body) in [
        ("size of words", "zz\r\nabcd\r\n0\r\n\r\n"),
        ("bare line feed after the size", "4\nabcd\r\n0\r\n\r\n"),
        ("negative size", "-4\r\nabcd\r\n0\r\n\r\n"),
        (
            "size beyond all numbers",
            "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n",
        ),
        ("more than its size", "2\r\nabcd\r\n0\r\n\r\n"),
    ] {
        let upload = repo.start_upload();
        let head = repo
            .request("PATCH", &upload)
            .header("Transfer-Encoding", "chunked")
            .header("Connection", "keep-alive")
            .head();
        let (answer, is_closed) = send_all(shared(), &(head + body));
        let status = answer.map(|answer| answer.status);
        let kept = wait_for("the request ends", Duration::from_secs(10), || {
            let answer = repo.request("GET", &upload).send();
            let is_open = answer.status == 204;
            is_open.then(|| answer.header("range").unwrap().to_owned())
        });
        if !matches!(status, None | Some(400)) || !is_closed || !["0-0", "0-1"].contains(&&*kept) {
            wrong.push(format!(
                "{name}: {status:?}, closed: {is_closed}, kept: {kept}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = shared();
    let header = "a".repeat(70 << 10);
    let answer = server.get("/v2/").header("X-Long", &header).send();
    assert_eq!(answer.status, 431);
    let target = format!("/v2/_catalog?last={}", "a".repeat(20 << 10));
    assert_eq!(server.get(&target).send().status, 414);
    // Below both limits.
    let header = "a".repeat(30 << 10);
    server
        .get("/v2/")
        .header("X-Long", &header)
        .send()
        .expect(401);
}

#[test]
fn a_body_that_breaks_off_leaves_a_resumable_upload() {
    let repo = shared().repo("smuggling/truncated");
    let bytes = crate::support::noise(7, 700_000);
    let upload = repo.start_upload();
    let mut wire = Wire::open(shared().address);
    let length = bytes.len().to_string();
    let head = repo
        .request("PATCH", &upload)
        .header("Content-Length", &length)
        .head();
    wire.send(head.as_bytes());
    wire.send(&bytes[..500_000]);
    drop(wire);
    let range = wait_for("the offset", Duration::from_secs(10), || {
        let answer = repo.request("GET", &upload).send().expect(204);
        let range = answer.header("range").unwrap().to_owned();
        // A second ask sees the same: the server knows that the client is gone.
        (range != "0-0").then_some(range)
    });
    std::thread::sleep(Duration::from_millis(300));
    let settled = repo.request("GET", &upload).send().expect(204);
    let range = settled.header("range").unwrap_or(&range).to_owned();
    let offset: usize = range.strip_prefix("0-").unwrap().parse::<usize>().unwrap() + 1;
    assert!(offset <= 500_000, "{offset}");
    let rest = format!("{offset}-{}", bytes.len() - 1);
    repo.patch(&upload, Some(&rest), &bytes[offset..])
        .expect(202);
    let digest = sha256(&bytes);
    repo.close_upload(&upload, &digest).expect(201);
    assert_eq!(repo.get(&format!("blobs/{digest}")).body, bytes);
}

#[test]
fn a_manifest_that_breaks_off_is_not_stored() {
    let repo = shared().repo("smuggling/manifest");
    let body = repo.image_of(b"layer").to_string();
    let mut wire = Wire::open(shared().address);
    let length = (body.len() + 1).to_string();
    let head = repo
        .request("PUT", "manifests/cut")
        .header("Content-Type", crate::support::OCI_MANIFEST)
        .header("Content-Length", &length)
        .head();
    wire.send(head.as_bytes());
    wire.send(body.as_bytes());
    drop(wire);
    std::thread::sleep(Duration::from_millis(200));
    repo.request("GET", "manifests/cut").send().expect(404);
}

#[test]
fn oversized_and_stalled_bodies_are_refused() {
    let server = Server::start(&[
        ("server.body_stall_timeout", "1s"),
        ("registry.max_layer_bytes", "200 KiB"),
        ("registry.max_manifest_bytes", "4 KiB"),
    ]);
    let repo = server.repo("limits/small");
    stall(&server, &repo);

    let chunk = format!("{:x}\r\n{}\r\n", 5000, " ".repeat(5000));
    let head = repo
        .request("PUT", "manifests/large")
        .header("Content-Type", crate::support::OCI_MANIFEST)
        .header("Transfer-Encoding", "chunked")
        .head();
    let mut wire = Wire::open(server.address);
    wire.send((head + &chunk + "0\r\n\r\n").as_bytes());
    let answer = wire.read(false).expect("an answer").expect(413);
    assert_eq!(answer.code(), "SIZE_INVALID");

    let answer = repo
        .patch(&repo.start_upload(), None, &[0; 205_000])
        .expect(413);
    assert_eq!(answer.code(), "SIZE_INVALID");
    let upload = repo.start_upload();
    repo.patch(&upload, None, &[0; 150_000]).expect(202);
    let answer = repo.patch(&upload, None, &[0; 150_000]).expect(413);
    assert_eq!(answer.code(), "SIZE_INVALID");

    let head = repo
        .request("PATCH", &repo.start_upload())
        .header("Transfer-Encoding", "chunked")
        .head();
    let mut wire = Wire::open(server.address);
    wire.send(head.as_bytes());
    for _ in 0..60 {
        wire.send(chunk.as_bytes());
    }
    wire.send(b"0\r\n\r\n");
    let answer = wire.read(false).expect("an answer").expect(413);
    assert_eq!(answer.code(), "SIZE_INVALID");
    // What fits is taken as before.
    let digest = repo.push_blob(&[1; 200_000]);
    repo.head(&format!("blobs/{digest}")).expect(200);
}

fn stall(server: &Server, repo: &crate::support::Repo<'_>) {
    for (target, len) in [("manifests/slow", 100), ("", 100), ("", 150_000)] {
        let target = if target.is_empty() {
            repo.start_upload()
        } else {
            target.to_owned()
        };
        let method = if target.starts_with("manifests") {
            "PUT"
        } else {
            "PATCH"
        };
        let length = len.to_string();
        let head = repo
            .request(method, &target)
            .header("Content-Type", crate::support::OCI_MANIFEST)
            .header("Content-Length", &length)
            .head();
        let mut wire = Wire::open(server.address);
        wire.send(head.as_bytes());
        wire.send(b"0123");
        let answer = wire.read(false).expect("an answer");
        assert_eq!(answer.status, 408, "{target} {len}: {}", answer.text());
        assert!(
            wire.is_closed_within(Duration::from_secs(10)),
            "{target} {len}"
        );
    }
}
