//! A process is killed at each crash point, and the power goes with it.
//!
//! The test starts itself again as a child whose hook aborts at one point. The child writes blobs
//! and notes each state that it may rely on: a line is written only after a good sync. The parent
//! then takes away from the folder whatever no sync had covered, by the sync journal, and expects
//! every noted state to be whole and every noted upload to go on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared parts of tests fail like tests"
)]

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slipway_storage::{
    BatchId, CRASH_POINTS, EngineKind, Segment, SegmentKey, SegmentWriter, Store, StoreSettings,
};
use slipway_testkit::storage_suite::{pattern, read_range};
use tempfile::TempDir;

const BATCH: BatchId = BatchId(3);
const CHUNK_BYTES: usize = 70_000;

fn settings(root: &Path) -> StoreSettings {
    StoreSettings {
        segment_close_bytes: 100_000,
        sync_journal: Some(root.join("journal")),
        ..StoreSettings::new(EngineKind::Local {
            root: root.join("blobs"),
        })
    }
}

/// The child's part: does nothing when the test is run by itself.
#[tokio::test]
async fn child_writes_until_it_dies() {
    let read = |name| {
        #[expect(
            clippy::disallowed_methods,
            reason = "how the parent talks to the child"
        )]
        std::env::var(name).ok()
    };
    let (Some(root), Some(point), Some(pass)) = (
        read("STORAGE_CRASH_ROOT"),
        read("STORAGE_CRASH_POINT"),
        read("STORAGE_CRASH_PASS"),
    ) else {
        return;
    };
    let root = PathBuf::from(root);
    let deadly_pass: usize = pass.parse().unwrap();
    let passes = AtomicUsize::new(0);
    let hook = move |at: &'static str| {
        if at == point && passes.fetch_add(1, Ordering::SeqCst) + 1 == deadly_pass {
            std::process::abort();
        }
    };
    let hooked = StoreSettings {
        crash_hook: Some(Arc::new(hook)),
        ..settings(&root)
    };
    let store = Store::open(hooked).await.unwrap();
    for _ in 0..3 {
        let mut writer = store.new_writer(BATCH);
        for index in 0..4 {
            let bytes = pattern(index * CHUNK_BYTES, CHUNK_BYTES);
            let appended = writer.append_bytes((), vec![bytes]).await;
            appended.outcome.unwrap();
            writer = appended.writer;
            if index % 2 == 1 {
                writer.sync().await.unwrap();
                note(&root, &writer);
            }
        }
    }
    // Uploads that are noted stay; this one is taken back, in case the point is in deletion.
    let gone = store
        .new_writer(BATCH)
        .append_bytes((), vec![pattern(0, 250_000)])
        .await;
    gone.writer.discard().await;
}

fn note(root: &Path, writer: &SegmentWriter) {
    let segments: Vec<String> = writer
        .synced_segments()
        .iter()
        .map(|segment| format!("{}={}", segment.key, segment.size_bytes))
        .collect();
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(root.join("noted"))
        .unwrap();
    file.write_all(format!("{}\n", segments.join(" ")).as_bytes())
        .unwrap();
}

fn noted_states(root: &Path) -> Vec<Vec<Segment>> {
    let text = std::fs::read_to_string(root.join("noted")).unwrap_or_default();
    let parse = |item: &str| {
        let (key, size_bytes) = item.split_once('=').unwrap();
        Segment {
            key: key.parse().unwrap(),
            size_bytes: size_bytes.parse().unwrap(),
        }
    };
    text.lines()
        .map(|line| line.split(' ').map(parse).collect())
        .collect()
}

/// What the sync journal promises: bytes per file, and which names are not durable.
#[derive(Default)]
struct Promised {
    sizes: HashMap<PathBuf, u64>,
    loose: HashSet<PathBuf>,
}

impl Promised {
    /// A name is loose from its making until its folder is synced.
    fn read(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("journal")).unwrap_or_default();
        let mut promised = Self::default();
        for line in text.lines() {
            let (kind, rest) = line.split_once(' ').unwrap();
            match kind {
                "file" => {
                    let (path, size_bytes) = rest.rsplit_once(' ').unwrap();
                    promised
                        .sizes
                        .insert(path.into(), size_bytes.parse().unwrap());
                }
                "made" => {
                    promised.loose.insert(rest.into());
                }
                "dir" => promised
                    .loose
                    .retain(|path| path.parent() != Some(Path::new(rest))),
                other => panic!("unknown line `{other}`"),
            }
        }
        promised
    }
}

/// Leaves of each file what its last sync covered, and removes files whose entry no sync covered.
fn lose_power(root: &Path) {
    let promised = Promised::read(root);
    let folder = root.join("blobs/seg").join(BATCH.to_string());
    if promised.loose.contains(&folder) && folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        if promised.loose.contains(&path) {
            std::fs::remove_file(&path).unwrap();
            continue;
        }
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let synced_bytes = promised.sizes.get(&path).copied().unwrap_or(0);
        file.set_len(file.metadata().unwrap().len().min(synced_bytes))
            .unwrap();
    }
}

async fn expect_noted_states_to_be_whole(root: &Path, states: &[Vec<Segment>]) {
    let store = Store::open(settings(root)).await.unwrap();
    let mut named: HashSet<SegmentKey> = HashSet::new();
    for segments in states {
        let total: u64 = segments.iter().map(|segment| segment.size_bytes).sum();
        let expected = pattern(0, usize::try_from(total).unwrap());
        assert!(read_range(&store, segments, 0, total).await == expected);
        named.extend(segments.iter().map(|segment| segment.key));
    }
    if let Some(last) = states.last() {
        let writer = store.reopen_writer(BATCH, last.clone()).await.unwrap();
        let from = writer.size_bytes();
        let more = pattern(usize::try_from(from).unwrap(), CHUNK_BYTES);
        let appended = writer.append_bytes((), vec![more]).await;
        appended.outcome.unwrap();
        let total = from + CHUNK_BYTES as u64;
        let expected = pattern(0, usize::try_from(total).unwrap());
        assert!(read_range(&store, appended.writer.segments(), 0, total).await == expected);
        named.extend(appended.writer.segments().iter().map(|segment| segment.key));
    }
    // The sweep of a dead node's batch: list, and delete what nothing names.
    let listed = store.list_batch(BATCH).await.unwrap();
    let orphans: Vec<SegmentKey> = listed
        .iter()
        .map(|segment| segment.key)
        .filter(|key| !named.contains(key))
        .collect();
    store.delete(&orphans).await.unwrap();
    let left = store.list_batch(BATCH).await.unwrap();
    assert_eq!(
        left.len(),
        named.len(),
        "what is named stays, all else goes"
    );
}

#[tokio::test]
async fn what_was_synced_survives_a_crash_with_power_loss_at_every_point() {
    let mut most_noted = 0;
    for point in CRASH_POINTS {
        for pass in 1..=5 {
            let root = TempDir::new().unwrap();
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child_writes_until_it_dies"])
                .env("STORAGE_CRASH_ROOT", root.path())
                .env("STORAGE_CRASH_POINT", point)
                .env("STORAGE_CRASH_PASS", pass.to_string())
                .output()
                .unwrap();
            let few_passes = point.starts_with("segment.delete") && pass > 3;
            assert_eq!(
                child.status.success(),
                few_passes,
                "{point} {pass}: {child:?}"
            );
            let states = noted_states(root.path());
            most_noted = most_noted.max(states.len());
            lose_power(root.path());
            expect_noted_states_to_be_whole(root.path(), &states).await;
        }
    }
    assert_eq!(most_noted, 6, "the last points come after all noted states");
}
