//! What is special about local files: modes, threads, space, open files.

#![expect(clippy::unwrap_used, reason = "shared parts of tests fail like tests")]

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use slipway_storage::{
    AppendError, BatchId, BlobRead, CRASH_POINTS, Chunk, EngineKind, PartEnd, StorageErrorKind,
    Store, StoreSettings,
};
use slipway_testkit::storage_suite::{Trail, body_of, pattern, read_range, write_whole};
use tempfile::TempDir;

fn settings(root: &Path) -> StoreSettings {
    StoreSettings::new(EngineKind::Local {
        root: root.to_path_buf(),
    })
}

fn storage_kind(outcome: &Result<(), AppendError>) -> Option<StorageErrorKind> {
    match outcome {
        Err(AppendError::Storage(error)) => Some(error.kind),
        _ => None,
    }
}

#[tokio::test]
async fn files_are_private_and_lie_at_their_key() {
    let root = TempDir::new().unwrap();
    let store = Store::open(settings(root.path())).await.unwrap();
    let writer = write_whole(&store, BatchId(7), pattern(0, 10)).await;
    let path = root.path().join(writer.segments()[0].key.to_string());
    assert_eq!(std::fs::read(&path).unwrap(), pattern(0, 10));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_second_store_on_the_folder_sees_the_same_blobs() {
    let root = TempDir::new().unwrap();
    let store = Store::open(settings(root.path())).await.unwrap();
    let writer = write_whole(&store, BatchId(7), pattern(0, 10)).await;
    let other = Store::open(settings(root.path())).await.unwrap();
    assert_eq!(
        read_range(&other, writer.segments(), 2, 9).await,
        pattern(2, 7)
    );
    other.check().await.unwrap();
}

#[tokio::test]
async fn a_stray_file_in_a_batch_is_reported() {
    let root = TempDir::new().unwrap();
    let store = Store::open(settings(root.path())).await.unwrap();
    let _writer = write_whole(&store, BatchId(7), pattern(0, 10)).await;
    std::fs::write(root.path().join("seg/7/stray"), b"x").unwrap();
    let error = store.list_batch(BatchId(7)).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Internal);
    assert_eq!(
        error.to_string(),
        "cannot list `seg/7/stray`: it is not a segment"
    );
    assert!(store.forget_batch(BatchId(7)).await.is_err());
}

#[tokio::test]
async fn a_blob_of_very_many_segments_does_not_open_them_all() {
    let root = TempDir::new().unwrap();
    let close_small = StoreSettings {
        segment_close_bytes: 10,
        ..settings(root.path())
    };
    let store = Store::open(close_small).await.unwrap();
    let writer = write_whole(&store, BatchId(1), pattern(0, 1_005)).await;
    assert_eq!(writer.segments().len(), 101);
    let whole = store.read(writer.segments(), 0..1_005).await.unwrap();
    assert!(matches!(whole, BlobRead::Stream(_)));
    let few = store.read(writer.segments(), 5..300).await.unwrap();
    assert!(matches!(few, BlobRead::Local(parts) if parts.len() == 30));
    assert_eq!(
        read_range(&store, writer.segments(), 3, 1_001).await,
        pattern(3, 998)
    );
}

#[tokio::test]
async fn a_part_that_lost_bytes_ends_its_stream_with_an_error() {
    let root = TempDir::new().unwrap();
    let store = Store::open(settings(root.path())).await.unwrap();
    let writer = write_whole(&store, BatchId(1), pattern(0, 100)).await;
    let read = store.read(writer.segments(), 0..100).await.unwrap();
    let path = root.path().join(writer.segments()[0].key.to_string());
    std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(40)
        .unwrap();
    let items: Vec<_> = futures_util::StreamExt::collect(read.into_stream(64)).await;
    assert_eq!(items[0].as_ref().unwrap(), &pattern(0, 40));
    assert_eq!(
        items[1].as_ref().unwrap_err().kind,
        StorageErrorKind::Damaged
    );
    assert_eq!(items.len(), 2);
}

/// With one thread in the pool, an append that kept it while its client sleeps would block the
/// other one for ever.
#[test]
fn a_slow_client_gives_its_thread_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let root = TempDir::new().unwrap();
        let store = Store::open(settings(root.path())).await.unwrap();
        let (slow_sender, slow_body) = tokio::sync::mpsc::channel(1);
        let slow = tokio::spawn(
            store
                .new_writer(BatchId(1))
                .append(Trail::default(), slow_body),
        );
        slow_sender
            .send(Ok(Chunk::from(pattern(0, 5))))
            .await
            .unwrap();

        let quick = write_whole(&store, BatchId(1), pattern(0, 100));
        let quick = tokio::time::timeout(Duration::from_secs(10), quick)
            .await
            .unwrap();
        assert_eq!(quick.size_bytes(), 100);
        slow_sender
            .send(Ok(Chunk::from(pattern(5, 5))))
            .await
            .unwrap();
        drop(slow_sender);
        let slow = slow.await.unwrap();
        assert_eq!(slow.outcome, Ok(()));
        assert_eq!(slow.sink, Trail::of(&pattern(0, 10)));
    });
}

#[tokio::test]
async fn a_growing_file_is_synced_while_bytes_arrive() {
    let root = TempDir::new().unwrap();
    let journal = root.path().join("journal");
    let settings = StoreSettings {
        write_back_bytes: 1 << 20,
        sync_journal: Some(journal.clone()),
        ..settings(&root.path().join("blobs"))
    };
    let store = Store::open(settings).await.unwrap();
    let (sender, body) = tokio::sync::mpsc::channel(1);
    let append = tokio::spawn(store.new_writer(BatchId(1)).append((), body));
    let part = Bytes::from(vec![7; 1 << 20]);
    // Ends when the journal tells of a sync, though the upload never asked for one.
    while !std::fs::read_to_string(&journal)
        .unwrap()
        .contains("\nfile ")
    {
        sender.send(Ok(Chunk::from(part.clone()))).await.unwrap();
    }
    drop(sender);
    assert_eq!(append.await.unwrap().writer.synced_bytes(), 0);
}

#[tokio::test]
async fn nothing_is_written_into_the_reserve() {
    let root = TempDir::new().unwrap();
    let greedy = StoreSettings {
        reserve_bytes: u64::MAX,
        ..settings(root.path())
    };
    let store = Store::open(greedy).await.unwrap();
    let refused = store
        .new_writer(BatchId(1))
        .append_bytes((), vec![pattern(0, 5)])
        .await;
    assert_eq!(
        storage_kind(&refused.outcome),
        Some(StorageErrorKind::NoSpace)
    );
    assert_eq!(refused.received_bytes, 0);
    assert_eq!(store.list_batch(BatchId(1)).await.unwrap(), []);
    assert_eq!(
        store.check().await.unwrap_err().kind,
        StorageErrorKind::NoSpace
    );
    assert!(store.free_bytes().await.unwrap() > 0);
}

/// A small file system of its own; needs root.
struct TinyDisk {
    folder: TempDir,
}

impl TinyDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            other => {
                // Past the test harness, which hides what a good test prints.
                let line = format!("SKIPPED: cannot mount a tmpfs here: {other:?}\n");
                std::io::stderr().write_all(line.as_bytes()).unwrap();
                None
            }
        }
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        drop(
            Command::new("umount")
                .arg("-l")
                .arg(self.folder.path())
                .output(),
        );
    }
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_written_chunk() {
    let Some(disk) = TinyDisk::mount("4m") else {
        return;
    };
    let store = Store::open(settings(disk.folder.path())).await.unwrap();
    let chunk_bytes = 300_000;
    let chunks = (0..20)
        .map(|index| pattern(index * chunk_bytes, chunk_bytes))
        .collect();
    let full = store
        .new_writer(BatchId(1))
        .append(Trail::default(), body_of(chunks, None))
        .await;
    assert_eq!(storage_kind(&full.outcome), Some(StorageErrorKind::NoSpace));
    let kept_bytes = full.received_bytes;
    assert_eq!(kept_bytes, full.writer.size_bytes());
    assert!(
        kept_bytes > 3_000_000 && kept_bytes % chunk_bytes as u64 == 0,
        "{kept_bytes}"
    );
    let kept = pattern(0, usize::try_from(kept_bytes).unwrap());
    assert_eq!(full.sink, Trail::of(&kept));
    assert_eq!(
        store.list_batch(BatchId(1)).await.unwrap(),
        full.writer.segments()
    );

    // No byte fits: not even an empty file may stay.
    let filler = disk.folder.path().join("filler");
    drop(std::fs::write(&filler, vec![0; 4 << 20]));
    let none = store
        .new_writer(BatchId(2))
        .append_bytes((), vec![pattern(0, 50_000)])
        .await;
    assert_eq!(storage_kind(&none.outcome), Some(StorageErrorKind::NoSpace));
    assert_eq!(none.writer.segments(), []);
    assert_eq!(store.list_batch(BatchId(2)).await.unwrap(), []);
    assert_eq!(
        store.check().await.unwrap_err().kind,
        StorageErrorKind::NoSpace
    );

    // The same upload goes on once there is room.
    std::fs::remove_file(&filler).unwrap();
    let from = usize::try_from(kept_bytes).unwrap();
    let rest = full
        .writer
        .append_bytes(full.sink, vec![pattern(from, 1_000)])
        .await;
    assert_eq!(rest.outcome, Ok(()));
    let mut writer = rest.writer;
    writer.sync().await.unwrap();
    let whole = pattern(0, from + 1_000);
    assert_eq!(rest.sink, Trail::of(&whole));
    assert!(read_range(&store, writer.segments(), 0, kept_bytes + 1_000).await == whole);
}

#[tokio::test]
async fn every_crash_point_is_passed() {
    let root = TempDir::new().unwrap();
    let passed = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&passed);
    let hooked = StoreSettings {
        crash_hook: Some(Arc::new(move |point| {
            seen.lock().unwrap().insert(point);
        })),
        ..settings(root.path())
    };
    let store = Store::open(hooked).await.unwrap();
    write_whole(&store, BatchId(1), pattern(0, 10))
        .await
        .discard()
        .await;
    let expected: BTreeSet<&str> = CRASH_POINTS.iter().copied().collect();
    assert_eq!(*passed.lock().unwrap(), expected);
}

#[tokio::test]
async fn concurrent_commits_share_folder_syncs() {
    let root = TempDir::new().unwrap();
    let journal = root.path().join("journal");
    let journaled = StoreSettings {
        sync_journal: Some(journal.clone()),
        // Holds the first sync back until all commits wait for the next.
        crash_hook: Some(Arc::new(|point| {
            if point == "segment.dir_sync.before" {
                let (_sender, never) = std::sync::mpsc::channel::<()>();
                assert!(never.recv_timeout(Duration::from_millis(50)).is_err());
            }
        })),
        ..settings(&root.path().join("blobs"))
    };
    let store = Store::open(journaled).await.unwrap();
    let commits = (0..40).map(|_| write_whole(&store, BatchId(1), pattern(0, 10)));
    futures_util::future::join_all(commits).await;
    let text = std::fs::read_to_string(&journal).unwrap();
    let folder_syncs = text.lines().filter(|line| line.ends_with("/seg/1")).count();
    let entries = text
        .lines()
        .filter(|line| line.starts_with("made ") && line.contains("/seg/1/"))
        .count();
    assert_eq!(entries, 40);
    assert!(
        (1..=8).contains(&folder_syncs),
        "{folder_syncs} syncs for 40 commits"
    );
}

#[tokio::test]
async fn a_part_ends_by_bytes_or_by_time_and_gives_the_rest_back() {
    let root = TempDir::new().unwrap();
    let store = Store::open(settings(root.path())).await.unwrap();
    let (sender, body) = tokio::sync::mpsc::channel(4);
    for at in [0, 10, 20] {
        sender.send(Ok(Chunk::from(pattern(at, 10)))).await.unwrap();
    }
    let soon = tokio::time::Instant::now() + Duration::from_secs(60);
    let end = PartEnd {
        after_bytes: 20,
        at: soon,
    };
    let first = store
        .new_writer(BatchId(7))
        .append_part((), body, end)
        .await;
    assert_eq!(first.appended.received_bytes, 20);
    let writer = first.appended.writer;
    writer.begin_persist().await.unwrap();
    let now = PartEnd {
        after_bytes: u64::MAX,
        at: tokio::time::Instant::now() + Duration::from_millis(50),
    };
    let second = writer.append_part((), first.rest.unwrap(), now).await;
    assert_eq!(
        second.appended.received_bytes, 10,
        "the sender is there, but nothing comes"
    );
    drop(sender);
    let writer = second.appended.writer;
    let last = writer.append_part((), second.rest.unwrap(), end).await;
    assert!(last.rest.is_none() && last.appended.outcome.is_ok());
    let segments = last.appended.writer.segments();
    assert_eq!(segments.len(), 1);
    assert!(read_range(&store, segments, 0, 30).await == pattern(0, 30));
}
