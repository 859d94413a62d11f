//! What the next node finds after one has ended: uploads go on, orphans go.

use bytes::Bytes;
use slipway_actors::UploadId;
use slipway_actors::upload::{GetProgress, UploadError};
use slipway_oci::Algorithm;

use crate::support::{LONG, Node, Site, digest_of, name, noise, wait_for};

const PATH: &str = "acme/web";

async fn progress(node: &Node, id: UploadId) -> Result<u64, UploadError> {
    let answer = node
        .actors
        .ask_upload(&name(PATH), id, GetProgress, LONG)
        .await;
    answer.map(|progress| progress.offset_bytes)
}

#[test]
fn an_upload_goes_on_after_a_clean_stop() {
    for first in [1000, 60_000, 200_000] {
        let site = Site::new();
        let bytes = noise(1, first + 250_000);
        let id = UploadId::nil();
        let id = std::cell::Cell::new(id);
        site.run(async |node| {
            id.set(node.start_upload(PATH, Algorithm::Sha256).await);
            node.append(PATH, id.get(), None, &bytes.slice(..first))
                .await
                .unwrap();
            node.actors.stop().await;
        });
        site.run(async |node| {
            let offset = progress(&node, id.get()).await.unwrap();
            assert_eq!(usize::try_from(offset).unwrap(), first);
            let second = bytes.slice(first..first + 100_000);
            node.append(PATH, id.get(), Some(offset), &second)
                .await
                .unwrap();
            let rest = bytes.slice(first + 100_000..);
            node.finish(PATH, id.get(), digest_of(&bytes), &rest)
                .await
                .unwrap();
            let read = node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
            assert_eq!(read, bytes);
            assert_eq!(site.count("SELECT count(*) FROM upload").await, 0);
        });
    }
}

#[test]
fn an_upload_goes_on_at_its_saved_offset_after_a_crash() {
    let site = Site::new();
    let bytes = noise(1, 500_000);
    let id = std::cell::Cell::new(UploadId::nil());
    site.run(async |node| {
        id.set(node.start_upload(PATH, Algorithm::Sha256).await);
        node.append(PATH, id.get(), None, &bytes.slice(..200_000))
            .await
            .unwrap();
        wait_for("the upload to be saved", async || {
            site.count("SELECT coalesce(max(offset_bytes), 0) FROM upload")
                .await
                == 200_000
        })
        .await;
        node.append(PATH, id.get(), None, &bytes.slice(200_000..300_000))
            .await
            .unwrap();
    });
    site.run(async |node| {
        assert_eq!(progress(&node, id.get()).await.unwrap(), 200_000);
        node.append(
            PATH,
            id.get(),
            Some(200_000),
            &bytes.slice(200_000..400_000),
        )
        .await
        .unwrap();
        let rest = bytes.slice(400_000..);
        node.finish(PATH, id.get(), digest_of(&bytes), &rest)
            .await
            .unwrap();
        let read = node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
        assert_eq!(read, bytes);
    });
}

#[test]
fn the_next_node_deletes_what_nothing_names() {
    let site = Site::new();
    let kept = noise(1, 200_000);
    site.run(async |node| {
        node.push_blob(PATH, &kept).await;
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        node.append(PATH, id, None, &noise(2, 200_000))
            .await
            .unwrap();
        assert_eq!(site.objects().len(), 2);
    });
    assert_eq!(site.objects().len(), 2, "the crash left an orphan");
    site.run(async |node| {
        wait_for("the orphan to go", async || site.objects().len() == 1).await;
        wait_for("the batch to be swept", async || {
            site.count("SELECT count(*) FROM segment_batch WHERE swept_at IS NOT NULL")
                .await
                == 1
        })
        .await;
        let read = node.read_blob(PATH, digest_of(&kept), None).await.unwrap();
        assert_eq!(read, kept);
    });
}

#[test]
fn a_saved_upload_survives_the_sweep_of_its_batch() {
    let site = Site::new();
    let bytes = noise(1, 300_000);
    let id = std::cell::Cell::new(UploadId::nil());
    site.run(async |node| {
        id.set(node.start_upload(PATH, Algorithm::Sha256).await);
        node.append(PATH, id.get(), None, &bytes.slice(..200_000))
            .await
            .unwrap();
        node.actors.stop().await;
    });
    site.run(async |node| {
        wait_for("the batch to be swept", async || {
            site.count("SELECT count(*) FROM segment_batch WHERE swept_at IS NOT NULL")
                .await
                == 1
        })
        .await;
        let rest = bytes.slice(200_000..);
        node.finish(PATH, id.get(), digest_of(&bytes), &rest)
            .await
            .unwrap();
        let read = node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
        assert_eq!(read, bytes);
    });
}

#[test]
fn an_upload_without_progress_goes_with_its_bytes() {
    let site = Site::new();
    let id = std::cell::Cell::new(UploadId::nil());
    site.run(async |node| {
        id.set(node.start_upload(PATH, Algorithm::Sha256).await);
        node.append(PATH, id.get(), None, &noise(1, 200_000))
            .await
            .unwrap();
        node.actors.stop().await;
        let old = "UPDATE upload SET saved_at = clock_timestamp() - interval '2 hours'";
        site.execute(old).await;
    });
    assert_eq!(site.objects().len(), 1);
    site.run(async |node| {
        wait_for("the upload to go", async || {
            site.objects().is_empty() && site.count("SELECT count(*) FROM upload").await == 0
        })
        .await;
        let gone = node
            .append(PATH, id.get(), None, &Bytes::from_static(b"x"))
            .await;
        assert!(matches!(gone, Err(UploadError::Unknown)), "{gone:?}");
    });
}

#[test]
fn a_node_that_was_taken_over_from_does_not_save_any_more() {
    let site = Site::new();
    let bytes = noise(1, 300_000);
    site.run(async |node| {
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        node.append(PATH, id, None, &bytes.slice(..200_000))
            .await
            .unwrap();
        wait_for("the upload to be saved", async || {
            site.count("SELECT count(*) FROM upload").await == 1
        })
        .await;
        // Another node raises the epoch.
        site.execute("UPDATE upload SET epoch = epoch + 1").await;
        node.append(PATH, id, None, &bytes.slice(200_000..))
            .await
            .unwrap();
        wait_for("the actor to give up", async || {
            node.actors.observe(10).await.unwrap().upload_count == 0
        })
        .await;
        let saved = site.count("SELECT offset_bytes FROM upload").await;
        assert_eq!(saved, 200_000);
    });
}
