//! One long body is saved while it flows.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use slipway_actors::UploadId;
use slipway_actors::deps::Settings;
use slipway_actors::upload::{AppendChunk, Body, GetProgress, UploadError, UploadProgress};
use slipway_oci::Algorithm;
use slipway_storage::{BodyBroken, Chunk};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use crate::support::{LONG, Node, Site, digest_of, name, noise, wait_for};

const PATH: &str = "acme/web";
const SAVED: &str = "SELECT coalesce(max(offset_bytes), 0) FROM upload";
const PART: usize = 100_000;

fn by_bytes(settings: &mut Settings) {
    settings.checkpoint_bytes = 300_000;
}

fn by_time(settings: &mut Settings) {
    settings.checkpoint_interval = Duration::from_millis(500);
}

type Chunks = Sender<Result<Chunk, BodyBroken>>;
type Answer = JoinHandle<Result<UploadProgress, UploadError>>;

/// Begins a PATCH whose body is sent through the channel.
fn stream(node: &Node, id: UploadId) -> (Chunks, Answer) {
    let (sender, chunks) = channel(1);
    let actors = node.actors.clone();
    let msg = AppendChunk {
        range: None,
        body: Body::Stream(chunks),
    };
    let answer = tokio::spawn(async move { actors.ask_upload(&name(PATH), id, msg, LONG).await });
    (sender, answer)
}

async fn send(sender: &Chunks, bytes: &Bytes) {
    for at in (0..bytes.len()).step_by(PART) {
        let part = bytes.slice(at..bytes.len().min(at + PART));
        sender.send(Ok(Chunk::from(part))).await.unwrap();
    }
}

#[test]
fn t23_a_kill_in_the_middle_of_a_body_loses_what_came_after_the_last_checkpoint() {
    let site = Site::new();
    let bytes = noise(1, 2_000_000);
    let id = Cell::new(UploadId::nil());
    site.run_with(by_bytes, async |node| {
        id.set(node.start_upload(PATH, Algorithm::Sha256).await);
        let (sender, _answer) = stream(&node, id.get());
        send(&sender, &bytes.slice(..800_000)).await;
        wait_for("a second checkpoint", async || {
            site.count(SAVED).await == 700_000
        })
        .await;
    });
    site.run(async |node| {
        let progress = node
            .actors
            .ask_upload(&name(PATH), id.get(), GetProgress, LONG)
            .await;
        assert_eq!(progress.unwrap().offset_bytes, 700_000);
        let (sender, answer) = stream(&node, id.get());
        send(&sender, &bytes.slice(700_000..1_500_000)).await;
        drop(sender);
        assert_eq!(answer.await.unwrap().unwrap().offset_bytes, 1_500_000);
        let rest = bytes.slice(1_500_000..);
        node.finish(PATH, id.get(), digest_of(&bytes), &rest)
            .await
            .unwrap();
        let read = node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
        assert_eq!(read, bytes);
        assert_eq!(site.count("SELECT count(*) FROM upload").await, 0);
    });
}

#[test]
fn t23_a_body_that_flows_slowly_is_saved_by_time() {
    let site = Site::new();
    let bytes = noise(1, 200_000);
    site.run_with(by_time, async |node| {
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let (sender, _answer) = stream(&node, id);
        send(&sender, &bytes).await;
        wait_for("a checkpoint", async || site.count(SAVED).await == 200_000).await;
        let saved_at = "SELECT (extract(epoch FROM saved_at) * 1000)::bigint FROM upload";
        let first = site.count(saved_at).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(
            site.count(saved_at).await,
            first,
            "nothing new came, nothing is saved"
        );
    });
}

#[test]
fn a_body_shorter_than_a_part_touches_no_row() {
    let site = Site::new();
    let bytes = noise(1, 250_000);
    site.run_with(by_bytes, async |node| {
        let rows = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'upload'";
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let (sender, answer) = stream(&node, id);
        send(&sender, &bytes).await;
        drop(sender);
        answer.await.unwrap().unwrap();
        node.finish(PATH, id, digest_of(&bytes), &Bytes::new())
            .await
            .unwrap();
        // Statistics of a session reach the view within a second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(site.count(rows).await, 0);
    });
}

#[test]
fn a_body_ends_when_another_node_has_taken_the_upload_over() {
    let site = Site::new();
    let bytes = noise(1, 700_000);
    site.run_with(by_bytes, async |node| {
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let (sender, answer) = stream(&node, id);
        send(&sender, &bytes.slice(..500_000)).await;
        wait_for("a checkpoint", async || site.count(SAVED).await == 400_000).await;
        site.execute("UPDATE upload SET epoch = epoch + 1").await;
        for _ in 0..10 {
            // The receiver goes once the refusal is seen.
            let part = Chunk::from(bytes.slice(..PART));
            if sender.send(Ok(part)).await.is_err() {
                break;
            }
        }
        drop(sender);
        let refused = answer.await.unwrap();
        assert!(matches!(refused, Err(UploadError::Unknown)), "{refused:?}");
        assert_eq!(site.count(SAVED).await, 400_000);
    });
}
