//! Many clients at once: on the same content, and with more of it than memory should hold.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::support::{OCI_MANIFEST, Repo, Server, noise, sha256, wait_for};

/// Bytes of all files below a folder, as their lengths say, but for the marker of the database that
/// lies in batch 0.
pub(super) fn stored_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name() != "0")
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => stored_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Pushes one layer and one tag 64 times at once, by the given ways in turn.
pub(super) fn push_from_64_clients(ways: &[Repo<'_>], blobs: &Path) {
    let layer = noise(17, 1 << 20);
    let digest = sha256(&layer);
    let small = sha256(b"another");
    let manifest = ways[0].image_of(b"another").to_string();
    let manifest = manifest
        .replace(&small, &digest)
        .replace("\"size\":7", &format!("\"size\":{}", layer.len()));
    let failures: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|number| {
                let repo = &ways[number % ways.len()];
                scope.spawn(|| push_same(repo, &layer, &digest, &manifest))
            })
            .collect();
        let ended = clients.into_iter().map(|client| client.join().unwrap());
        ended.flatten().collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for repo in ways {
        assert_eq!(repo.get(&format!("blobs/{digest}")).body, layer);
        assert_eq!(repo.get("manifests/same").body, manifest.as_bytes());
    }
    // One copy stays: what the other 63 wrote is given back.
    wait_for("one stored copy", Duration::from_secs(20), || {
        let stored = stored_bytes(blobs);
        ((1 << 20)..(2 << 20)).contains(&stored).then_some(())
    });
}

#[test]
fn t17_64_clients_push_the_same_layer_and_tag() {
    let server = Server::start(&[]);
    push_from_64_clients(&[server.repo("t17")], &server.dir.join("data/blobs"));
}

fn push_same(repo: &Repo<'_>, layer: &[u8], digest: &str, manifest: &str) -> Option<String> {
    let upload = repo.start_upload();
    let patched = repo.patch(&upload, None, layer);
    let closed = repo.close_upload(&upload, digest);
    let pushed = repo.put_manifest("same", OCI_MANIFEST, manifest.as_bytes());
    let statuses = (patched.status, closed.status, pushed.status);
    let text = format!("{statuses:?} {} {}", closed.text(), pushed.text());
    (statuses != (202, 201, 201)).then_some(text)
}

const CLIENTS: u64 = 24;
const MIB_64: usize = 64 << 20;

/// Small scale of the promise that memory does not follow the number or size of transfers.
#[test]
fn t25_memory_stays_small_under_large_transfers() {
    let server = Server::start(&[("storage.sync", "os")]);
    let repo = server.repo("t25");
    let tail = noise(25, MIB_64 - 8);
    let is_over = AtomicBool::new(false);
    let peak = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                peak.fetch_max(server.resident_bytes(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|seed| {
                let (repo, tail) = (&repo, &tail);
                scope.spawn(move || push_then_pull(repo, seed, tail))
            })
            .collect();
        let ended: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
        for client in ended {
            client.unwrap();
        }
    });
    let peak_mb = peak.load(Ordering::Relaxed) / 1_000_000;
    assert!(peak_mb < 300, "{peak_mb} MB");
}

fn push_then_pull(repo: &Repo<'_>, seed: u64, tail: &[u8]) {
    let head = seed.to_le_bytes();
    let hash = Sha256::new()
        .chain_update(head)
        .chain_update(tail)
        .finalize();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = repo.start_upload();
    let length = MIB_64.to_string();
    let request = repo.request("PUT", &format!("{upload}?digest=sha256:{hex}"));
    let mut stream = TcpStream::connect(repo.server.address).unwrap();
    let head_text = request.header("Content-Length", &length).head();
    stream.write_all(head_text.as_bytes()).unwrap();
    stream.write_all(&head).unwrap();
    stream.write_all(tail).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");

    let mut stream = TcpStream::connect(repo.server.address).unwrap();
    let request = repo.request("GET", &format!("blobs/sha256:{hex}"));
    stream.write_all(request.head().as_bytes()).unwrap();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut start = Vec::new();
    let body_at = loop {
        let len = stream.read(&mut buffer).unwrap();
        assert!(len > 0, "no answer");
        start.extend_from_slice(&buffer[..len]);
        if let Some(at) = start.windows(4).position(|part| part == b"\r\n\r\n") {
            break at + 4;
        }
    };
    hash.update(&start[body_at..]);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            len => hash.update(&buffer[..len]),
        }
    }
    let pulled: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(pulled, hex);
}
