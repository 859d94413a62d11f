//! Every engine runs the shared suite.

#![expect(clippy::unwrap_used, reason = "shared parts of tests fail like tests")]

use slipway_storage::{EngineKind, Store, StoreSettings, SyncMode};
use slipway_testkit::storage_suite::storage_suite;
use tempfile::TempDir;

fn small(engine: EngineKind) -> StoreSettings {
    StoreSettings {
        segment_close_bytes: 96 << 10,
        max_segments: 200,
        read_chunk_bytes: 10_000,
        ..StoreSettings::new(engine)
    }
}

async fn run(settings: StoreSettings) {
    let store = Store::open(settings).await.unwrap();
    storage_suite(&store).await;
}

fn local(root: &TempDir) -> StoreSettings {
    small(EngineKind::Local {
        root: root.path().join("blobs"),
    })
}

#[tokio::test]
async fn local_files_synced() {
    let root = TempDir::new().unwrap();
    run(local(&root)).await;
}

#[tokio::test]
async fn local_files_left_to_the_system() {
    let root = TempDir::new().unwrap();
    run(StoreSettings {
        sync: SyncMode::Os,
        ..local(&root)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_files_on_several_workers() {
    let root = TempDir::new().unwrap();
    run(local(&root)).await;
}

#[tokio::test]
async fn local_files_without_held_threads_or_kept_files() {
    let root = TempDir::new().unwrap();
    run(StoreSettings {
        held_threads: 0,
        open_files: 0,
        ..local(&root)
    })
    .await;
}

#[tokio::test]
async fn memory() {
    run(StoreSettings {
        max_segments: 10_000,
        ..small(EngineKind::Memory)
    })
    .await;
}

#[tokio::test]
async fn files_through_opendal() {
    let root = TempDir::new().unwrap();
    run(small(EngineKind::OpendalFs {
        root: root.path().join("blobs"),
    }))
    .await;
}
