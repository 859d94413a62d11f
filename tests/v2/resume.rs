//! Uploads that outlive the server, and those that outlive their token.

use std::time::Duration;

use crate::support::{Server, Wire, noise, sha256};

/// The half of T23 that one node can show.
#[test]
fn t23_an_upload_goes_on_after_the_server_was_killed() {
    let server = Server::start(&[]);
    let bytes = noise(23, 6_000_000);
    let repo = server.repo("t23");
    let upload = repo.start_upload();
    repo.patch(&upload, Some("0-2999999"), &bytes[..3_000_000])
        .expect(202);
    // An upload is saved once it pauses for a second; before that a crash costs all of it.
    std::thread::sleep(Duration::from_secs(3));
    let mut wire = Wire::open(server.address);
    let length = "3000000";
    let head = repo
        .request("PATCH", &upload)
        .header("Content-Length", length)
        .head();
    wire.send(head.as_bytes());
    wire.send(&bytes[3_000_000..5_000_000]);
    let server = server.kill_and_restart();

    let repo = server.repo("t23");
    let status = repo.request("GET", &upload).send().expect(204);
    let last = status
        .header("range")
        .unwrap()
        .strip_prefix("0-")
        .unwrap()
        .to_owned();
    let offset = last.parse::<usize>().unwrap() + 1;
    assert!((3_000_000..=5_000_000).contains(&offset), "{offset}");
    repo.patch(&upload, None, &bytes[offset..]).expect(202);
    let digest = sha256(&bytes);
    repo.close_upload(&upload, &digest).expect(201);
    assert!(repo.get(&format!("blobs/{digest}")).body == bytes);
}

/// 10,000 small chunks would cost the square of their number if each read what came before.
#[test]
fn t23_many_chunks_cost_no_more_than_their_bytes() {
    let server = crate::support::shared();
    let repo = server.repo("t23-chunks");
    let time = |chunks: usize| {
        let bytes = noise(u64::try_from(chunks).unwrap(), chunks * 1024);
        let upload = repo.start_upload();
        let begin = std::time::Instant::now();
        for (number, chunk) in bytes.chunks(1024).enumerate() {
            let start = number * 1024;
            let range = format!("{start}-{}", start + chunk.len() - 1);
            repo.patch(&upload, Some(&range), chunk).expect(202);
        }
        let spent = begin.elapsed();
        repo.close_upload(&upload, &sha256(&bytes)).expect(201);
        spent
    };
    let (few, many) = (time(50), time(400));
    // Eight times the chunks: 8 when linear, 64 when squared; the rest is noise of the machine.
    assert!(many < few * 32, "{few:?} for 50 chunks, {many:?} for 400");
}

#[test]
fn t24_a_token_may_expire_while_a_chunk_is_under_way() {
    let server = Server::start(&[("auth.token_life", "2s"), ("auth.token_leeway", "0s")]);
    let repo = server.repo("t24");
    let scope = format!("repository:{}:pull,push", repo.name);
    let bytes = noise(24, 200_000);
    let upload = repo.start_upload();
    let length = bytes.len().to_string();
    let mut wire = Wire::open(server.address);
    let head = repo
        .request("PATCH", &upload)
        .header("Content-Length", &length)
        .head();
    wire.send(head.as_bytes());
    for part in bytes.chunks(50_000) {
        wire.send(part);
        std::thread::sleep(Duration::from_secs(1));
    }
    // Admitted while the token held: nothing of it is lost.
    let answer = wire.read(false).expect("an answer").expect(202);
    assert_eq!(answer.header("range"), Some("0-199999"));

    let digest = sha256(&bytes);
    let late = repo.close_upload(&upload, &digest).expect(401);
    let challenge = late.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer realm="), "{challenge}");
    assert!(challenge.contains("invalid_token"), "{challenge}");
    let mut again = repo.clone();
    again.token = server.fresh_token(&scope);
    again.close_upload(&upload, &digest).expect(201);
    again.token = server.fresh_token(&scope);
    assert!(again.get(&format!("blobs/{digest}")).body == bytes);
}
