//! Reads: from memory when that is allowed, and never behind a write.

use std::time::{Duration, Instant};

use bytes::Bytes;
use slipway_actors::repository::FindBlob;
use slipway_model::NodeId;

use crate::support::{Node, Site, digest_of, image, name, noise, wait_for};

const PATH: &str = "acme/web";

#[test]
fn a_read_is_answered_while_a_write_hangs() {
    let site = Site::new();
    site.run(async |node| {
        let first = node.push_image(PATH, &["v1"], &[noise(1, 1000)]).await;
        let layer = noise(2, 1000);
        node.push_blob(PATH, &layer).await;
        let second = image(&Bytes::from_static(b"{}"), &[layer]);

        let mut holder = site.test.connect().await;
        let held = holder.transaction().await.unwrap();
        held.batch_execute("SELECT 1 FROM repository FOR UPDATE")
            .await
            .unwrap();
        let started = Instant::now();
        let push = node.push_manifest(PATH, &["v1"], &second);
        let reads = async {
            wait_for("the push to hang", async || {
                site.count(
                    "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .await
                    == 1
            })
            .await;
            let mut waits = Vec::new();
            for _ in 0..1000 {
                let asked = Instant::now();
                let pulled = node.pull(PATH, "v1").await.unwrap();
                waits.push(asked.elapsed());
                assert_eq!(pulled.digest, first);
            }
            tokio::time::sleep(Duration::from_secs(2).saturating_sub(started.elapsed())).await;
            held.rollback().await.unwrap();
            waits.sort_unstable();
            waits
        };
        let (pushed, waits) = futures_util::future::join(push, reads).await;
        assert_eq!(pushed.unwrap(), digest_of(&second));
        let (p99, longest) = (waits[989], waits[999]);
        assert!(p99 < Duration::from_millis(5), "p99 {p99:?}");
        assert!(longest < Duration::from_millis(500), "longest {longest:?}");
        assert_eq!(
            node.pull(PATH, "v1").await.unwrap().digest,
            digest_of(&second)
        );
    });
}

#[test]
fn warm_reads_ask_no_sql() {
    let site = Site::new();
    site.run(async |node| {
        let (small, large) = (noise(1, 1000), noise(2, 200_000));
        let layers = [small.clone(), large.clone()];
        let digest = node.push_image(PATH, &["v1"], &layers).await;
        let read = async || {
            let by_tag = node.pull(PATH, "v1").await.unwrap();
            let by_digest = node.pull(PATH, &digest.to_string()).await.unwrap();
            assert_eq!((by_tag.digest, by_digest.digest), (digest, digest));
            for layer in &layers {
                let digest = digest_of(layer);
                let found = node
                    .actors
                    .ask_repository(&name(PATH), FindBlob { digest })
                    .await;
                assert_eq!(
                    usize::try_from(found.unwrap().size_bytes).unwrap(),
                    layer.len()
                );
                assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), *layer);
            }
        };
        read().await;
        let misses = node.misses(PATH).await;

        // A question about any of these would now wait for its deadline; heartbeats go on.
        let mut holder = site.test.connect().await;
        let held = holder.transaction().await.unwrap();
        let sql = "LOCK TABLE namespace, repository, manifest, manifest_child, tag, blob, segment, \
                   repository_blob, manifest_blob IN ACCESS EXCLUSIVE MODE";
        held.batch_execute(sql).await.unwrap();
        for _ in 0..50 {
            read().await;
        }
        held.rollback().await.unwrap();
        assert_eq!(node.misses(PATH).await, misses);
    });
}

/// Moves a tag as another node would.
async fn move_tag(node: &Node, site: &Site, text: &'static str) -> slipway_oci::Digest {
    use slipway_model::manifest::{NewManifest, Verdict, put_manifest};
    let repository = site.count("SELECT id FROM repository").await;
    let new = NewManifest {
        digest: digest_of(text.as_bytes()),
        media_type: crate::support::IMAGE.to_owned(),
        artifact_type: None,
        config_media_type: None,
        subject: None,
        annotations: None,
        bytes: Bytes::from_static(text.as_bytes()),
        layers_size_bytes: 0,
        labels: Vec::new(),
        blobs: Vec::new(),
        children: Vec::new(),
        sparse_allowed: false,
        tags: vec!["v1".to_owned()],
        temporary_ms: 0,
    };
    let (origin, metadata) = (slipway_actors::Origin::default(), serde_json::json!({}));
    let repository = slipway_model::RepositoryId(repository);
    let put = put_manifest(&node.db, repository, &new, &origin, &metadata).await;
    assert!(matches!(put.unwrap().verdict, Verdict::Done(_)));
    new.digest
}

#[test]
fn with_a_second_node_every_tag_read_is_checked() {
    let site = Site::new();
    site.run(async |node| {
        node.push_image(PATH, &["v1"], &[noise(1, 1000)]).await;
        let other = NodeId::new_v4();
        slipway_model::node::start_node(&node.db, &slipway_model::node::NewNode::durable(other))
            .await
            .unwrap();
        let misses = node.misses(PATH).await;
        wait_for("the node to see the other", async || {
            node.pull(PATH, "v1").await.unwrap();
            node.misses(PATH).await > misses
        })
        .await;
        let moved = move_tag(&node, &site, "one").await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, moved);
        let moved = move_tag(&node, &site, "two").await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, moved);

        slipway_model::node::stop_node(&node.db, other)
            .await
            .unwrap();
        wait_for("the node to be alone", async || {
            let misses = node.misses(PATH).await;
            node.pull(PATH, "v1").await.unwrap();
            node.misses(PATH).await == misses
        })
        .await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, moved);
    });
}

#[test]
fn what_changed_while_two_nodes_ran_is_seen_after_one_left() {
    let site = Site::new();
    site.run(async |node| {
        let first = node.push_image(PATH, &["v1"], &[noise(1, 1000)]).await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, first);
        let other = NodeId::new_v4();
        slipway_model::node::start_node(&node.db, &slipway_model::node::NewNode::durable(other))
            .await
            .unwrap();
        let misses = node.misses(PATH).await;
        wait_for("the node to see the other", async || {
            node.pull(PATH, "v1").await.unwrap();
            node.misses(PATH).await > misses
        })
        .await;
        // The other node moves the tag and leaves; nobody reads in between.
        let moved = move_tag(&node, &site, "one").await;
        slipway_model::node::stop_node(&node.db, other)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(node.pull(PATH, "v1").await.unwrap().digest, moved);
    });
}
