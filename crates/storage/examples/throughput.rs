//! How fast bytes go in and out, and what they cost, without a network.
//!
//! `cargo run --release -p slipway-storage --example throughput -- <folder> [rounds]`
//!
//! Each row: megabytes (10^6) a second of wall time, and CPU seconds of this process per GiB, the
//! SHA-256 included when writing. The producer shares its buffers, so it costs next to nothing.
//! Rows with `raw` write and sync the same file by plain calls: the disk's own rate.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring tool on a terminal"
)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use slipway_storage::{
    BatchId, ByteSink, Chunk, ChunkReceiver, EngineKind, Segment, SegmentWriter, Store,
    StoreSettings, SyncMode,
};
use tokio::sync::mpsc;

const CHUNK_BYTES: usize = 256 << 10;
const CLIENTS: usize = 8;

#[derive(Clone)]
struct Sha(Sha256);

impl ByteSink for Sha {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

struct Meter {
    started: Instant,
    cpu_seconds: f64,
}

impl Meter {
    fn start() -> Self {
        Self {
            started: Instant::now(),
            cpu_seconds: cpu_seconds(),
        }
    }

    fn print(&self, name: &str, total_bytes: u64) {
        let seconds = self.started.elapsed().as_secs_f64();
        let cpu = cpu_seconds() - self.cpu_seconds;
        let total = total_bytes as f64;
        let gib = total / f64::from(1_u32 << 30);
        println!(
            "{name:<34} {:>7.0} MB/s {:>6.2} CPU s/GiB",
            total / 1e6 / seconds,
            cpu / gib
        );
    }
}

/// User and system time of this process; a tick is 10 ms.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>());
    ticks.map(Result::unwrap).sum::<f64>() / 100.0
}

/// A body of `size_bytes`, as a busy connection would give it: four buffers a chunk.
fn body(size_bytes: usize) -> ChunkReceiver {
    let (sender, body) = mpsc::channel(1);
    let part = Bytes::from(vec![0x5a; CHUNK_BYTES / 4]);
    drop(tokio::spawn(async move {
        for _ in 0..size_bytes / CHUNK_BYTES {
            let chunk = Chunk {
                parts: vec![part.clone(); 4],
            };
            if sender.send(Ok(chunk)).await.is_err() {
                return;
            }
        }
    }));
    body
}

async fn push(store: &Store, size_bytes: usize) -> SegmentWriter {
    let sink = Sha(Sha256::new());
    let appended = store
        .new_writer(BatchId(1))
        .append(sink, body(size_bytes))
        .await;
    appended.outcome.unwrap();
    let digest = appended.sink.0.finalize();
    assert_eq!(digest.len(), 32);
    let mut writer = appended.writer;
    writer.sync().await.unwrap();
    writer
}

async fn pull(store: &Store, segments: &[Segment], size_bytes: u64) {
    let read = store.read(segments, 0..size_bytes).await.unwrap();
    let lengths = read
        .into_stream(CHUNK_BYTES)
        .map_ok(|bytes| bytes.len() as u64);
    let read_bytes: u64 = lengths
        .try_fold(0, |sum, len| async move { Ok(sum + len) })
        .await
        .unwrap();
    assert_eq!(read_bytes, size_bytes);
}

async fn push_and_pull(name: &str, store: &Store, count: usize, size_bytes: usize) {
    let total_bytes = (count * size_bytes) as u64;
    let meter = Meter::start();
    let writers: Vec<SegmentWriter> = stream::iter(0..count)
        .map(|_| {
            let store = store.clone();
            async move {
                tokio::spawn(async move { push(&store, size_bytes).await })
                    .await
                    .unwrap()
            }
        })
        .buffer_unordered(CLIENTS)
        .collect()
        .await;
    meter.print(&format!("{name}: write"), total_bytes);

    store.sync_all().await.unwrap();
    let meter = Meter::start();
    stream::iter(&writers)
        .map(|writer| {
            let (store, segments) = (store.clone(), writer.segments().to_vec());
            let pulled = async move { pull(&store, &segments, size_bytes as u64).await };
            async move { tokio::spawn(pulled).await.unwrap() }
        })
        .buffer_unordered(CLIENTS)
        .collect::<Vec<()>>()
        .await;
    meter.print(&format!("{name}: read"), total_bytes);
    for writer in writers {
        writer.discard().await;
    }
}

/// Many reads of small blobs, with and without kept files.
async fn small_reads(root: &Path, open_files: usize, size_bytes: usize) {
    let engine = EngineKind::Local {
        root: root.to_path_buf(),
    };
    let settings = StoreSettings {
        open_files,
        sync: SyncMode::Os,
        ..StoreSettings::new(engine)
    };
    let store = Store::open(settings).await.unwrap();
    let bytes = Bytes::from(vec![1; size_bytes]);
    let mut writers = Vec::new();
    for _ in 0..200 {
        let done = store
            .new_writer(BatchId(2))
            .append_bytes((), vec![bytes.clone()])
            .await;
        writers.push(done.writer);
    }
    let reads: u32 = 20_000;
    let (started, cpu_before) = (Instant::now(), cpu_seconds());
    stream::iter(writers.iter().cycle().take(reads as usize))
        .map(|writer| pull(&store, writer.segments(), size_bytes as u64))
        .buffer_unordered(CLIENTS)
        .collect::<Vec<()>>()
        .await;
    let rate = f64::from(reads) / started.elapsed().as_secs_f64();
    let cpu_micros = (cpu_seconds() - cpu_before) * 1e6 / f64::from(reads);
    println!(
        "{size_bytes:>8} bytes, {open_files:>4} kept files {rate:>8.0}/s {cpu_micros:>7.1} CPU us each"
    );
    for writer in writers {
        writer.discard().await;
    }
}

fn raw_disk(root: &Path) {
    let path = root.join("raw");
    let bytes = vec![0x5a; CHUNK_BYTES];
    let meter = Meter::start();
    let mut file = File::create(&path).unwrap();
    for _ in 0..(1 << 30) / CHUNK_BYTES {
        file.write_all(&bytes).unwrap();
    }
    file.sync_data().unwrap();
    meter.print("raw, synced, 1 x 1 GiB: write", 1 << 30);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let root = PathBuf::from(std::env::args_os().nth(1).unwrap());
    let rounds: usize = std::env::args()
        .nth(2)
        .map_or(2, |text| text.parse().unwrap());
    std::fs::create_dir_all(&root).unwrap();
    for _ in 0..rounds {
        raw_disk(&root);
        for (sync, write_back_bytes) in [
            (SyncMode::Always, u64::MAX),
            (SyncMode::Always, 8 << 20),
            (SyncMode::Always, 16 << 20),
            (SyncMode::Always, 32 << 20),
            (SyncMode::Always, 64 << 20),
            (SyncMode::Os, u64::MAX),
        ] {
            println!("{sync:?}, early write-back at {write_back_bytes} bytes");
            let engine = EngineKind::Local { root: root.clone() };
            let settings = StoreSettings {
                sync,
                write_back_bytes,
                ..StoreSettings::new(engine)
            };
            let store = Store::open(settings).await.unwrap();
            push_and_pull(&format!("{sync:?}, 1 x 1 GiB"), &store, 1, 1 << 30).await;
            push_and_pull(&format!("{sync:?}, 64 x 16 MiB"), &store, 64, 16 << 20).await;
        }
    }
    for size_bytes in [4 << 10, 64 << 10, 1 << 20] {
        for open_files in [0, 256] {
            small_reads(&root, open_files, size_bytes).await;
        }
    }
}
