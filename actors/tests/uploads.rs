//! Uploads from their first byte to their commit, and what they leave when they fail.

use std::time::Duration;

use bytes::Bytes;
use slipway_actors::UploadId;
use slipway_actors::kernel::DispatchError;
use slipway_actors::repository::{EnsureRepository, RepositoryError};
use slipway_actors::upload::{
    AppendChunk, Body, CancelUpload, GetProgress, UploadError, UploadOwner,
};
use slipway_oci::{Algorithm, ContentRange, Digest};
use slipway_storage::{BodyBroken, Chunk};

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
fn a_small_blob_lives_in_the_database() {
    let site = Site::new();
    site.run(async |node| {
        for len in [0, 1, 1000, 64 << 10] {
            let bytes = noise(1, len);
            let digest = node.push_blob(PATH, &bytes).await;
            assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), bytes);
        }
        assert_eq!(site.objects().len(), 0);
        let inline = "SELECT count(*) FROM blob WHERE octet_length(inline_bytes) = size_bytes";
        assert_eq!(site.count(inline).await, 4);
    });
}

#[test]
fn a_large_blob_is_segments_and_reads_in_parts() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 3_500_000);
        let digest = node.push_blob(PATH, &bytes).await;
        assert_eq!(site.count("SELECT count(*) FROM segment").await, 4);
        assert_eq!(site.objects().len(), 4);
        assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), bytes);
        let part = node
            .read_blob(PATH, digest, Some("bytes=1048570-1048589"))
            .await;
        assert_eq!(part.unwrap(), bytes[1_048_570..1_048_590]);
        let tail = node.read_blob(PATH, digest, Some("bytes=-10")).await;
        assert_eq!(tail.unwrap(), bytes[3_499_990..]);
        let beyond = node.read_blob(PATH, digest, Some("bytes=3500000-")).await;
        assert_eq!(beyond.unwrap(), b"");
    });
}

#[test]
fn an_upload_that_grows_leaves_memory_for_the_store() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 100_000);
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        for (start, end) in [(0, 40_000), (40_000, 80_000)] {
            let offset = node.append(PATH, id, None, &bytes.slice(start..end)).await;
            assert_eq!(offset.unwrap(), u64::try_from(end).unwrap());
        }
        let digest = digest_of(&bytes);
        node.finish(PATH, id, digest, &bytes.slice(80_000..))
            .await
            .unwrap();
        assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), bytes);
        assert_eq!(site.objects().len(), 1);
    });
}

#[test]
fn sha512_works_announced_and_not() {
    let site = Site::new();
    site.run(async |node| {
        let mut seed = 0;
        for announced in [Algorithm::Sha512, Algorithm::Sha256] {
            for len in [1000, 200_000] {
                seed += 1;
                let bytes = noise(seed, len);
                let digest = Digest::of(Algorithm::Sha512, &bytes);
                let id = node.start_upload(PATH, announced).await;
                node.finish(PATH, id, digest, &bytes).await.unwrap();
                assert_eq!(node.read_blob(PATH, digest, None).await.unwrap(), bytes);
                let other = node.read_blob(PATH, digest_of(&bytes), None).await;
                assert!(matches!(other, Err(RepositoryError::BlobUnknown(_))));
            }
        }
    });
}

#[test]
fn a_wrong_digest_leaves_nothing() {
    let site = Site::new();
    site.run(async |node| {
        for len in [1000, 200_000] {
            let bytes = noise(1, len);
            let id = node.start_upload(PATH, Algorithm::Sha256).await;
            node.append(PATH, id, None, &bytes).await.unwrap();
            let claimed = digest_of(b"other");
            let refused = node.finish(PATH, id, claimed, &Bytes::new()).await;
            let Err(UploadError::WrongDigest { actual }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(actual, digest_of(&bytes));
            assert!(matches!(
                progress(&node, id).await,
                Err(UploadError::Unknown)
            ));
        }
        assert_eq!(site.objects().len(), 0);
        assert_eq!(site.count("SELECT count(*) FROM blob").await, 0);
        assert_eq!(site.count("SELECT count(*) FROM upload").await, 0);
    });
}

#[test]
fn a_chunk_out_of_order_changes_nothing() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 150_000);
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let (first, second) = (bytes.slice(..70_000), bytes.slice(70_000..));
        assert_eq!(
            node.append(PATH, id, Some(0), &first).await.unwrap(),
            70_000
        );
        for start in [0, 69_999, 70_001] {
            let refused = node.append(PATH, id, Some(start), &second).await;
            assert!(
                matches!(
                    refused,
                    Err(UploadError::OutOfOrder {
                        offset_bytes: 70_000
                    })
                ),
                "{refused:?}"
            );
        }
        assert_eq!(progress(&node, id).await.unwrap(), 70_000);
        assert_eq!(
            node.append(PATH, id, Some(70_000), &second).await.unwrap(),
            150_000
        );
        node.finish(PATH, id, digest_of(&bytes), &Bytes::new())
            .await
            .unwrap();
    });
}

#[test]
fn a_second_request_on_an_upload_is_busy_and_status_is_not() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 100_000);
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let (sender, body) = tokio::sync::mpsc::channel(1);
        let msg = AppendChunk {
            range: None,
            body: Body::Stream(body),
        };
        let path = name(PATH);
        let streaming = node.actors.ask_upload(&path, id, msg, LONG);
        let meanwhile = async {
            sender
                .send(Ok(Chunk::from(bytes.slice(..50_000))))
                .await
                .unwrap();
            let second = node.append(PATH, id, None, &bytes).await;
            assert!(matches!(second, Err(UploadError::Busy)), "{second:?}");
            let cancel = node.actors.ask_upload(&path, id, CancelUpload, LONG).await;
            assert!(matches!(cancel, Err(UploadError::Busy)), "{cancel:?}");
            assert!(progress(&node, id).await.is_ok());
            sender
                .send(Ok(Chunk::from(bytes.slice(50_000..))))
                .await
                .unwrap();
            drop(sender);
        };
        let (streamed, ()) = futures_util::future::join(streaming, meanwhile).await;
        assert_eq!(streamed.unwrap().offset_bytes, 100_000);
        node.finish(PATH, id, digest_of(&bytes), &Bytes::new())
            .await
            .unwrap();
    });
}

#[test]
fn a_body_that_breaks_off_keeps_what_came() {
    let site = Site::new();
    site.run(async |node| {
        for len in [10_000, 150_000] {
            let bytes = noise(1, len);
            let id = node.start_upload(PATH, Algorithm::Sha256).await;
            let (sender, body) = tokio::sync::mpsc::channel(2);
            sender
                .send(Ok(Chunk::from(bytes.slice(..len - 10))))
                .await
                .unwrap();
            sender.send(Err(BodyBroken::Disconnected)).await.unwrap();
            let msg = AppendChunk {
                range: None,
                body: Body::Stream(body),
            };
            let broken = node.actors.ask_upload(&name(PATH), id, msg, LONG).await;
            assert!(matches!(broken, Err(UploadError::Body(_))), "{broken:?}");
            let offset = progress(&node, id).await.unwrap();
            assert_eq!(usize::try_from(offset).unwrap(), len - 10);
            let rest = bytes.slice(len - 10..);
            node.finish(PATH, id, digest_of(&bytes), &rest)
                .await
                .unwrap();
        }
    });
}

#[test]
fn a_body_of_another_length_than_its_range_is_reported() {
    let site = Site::new();
    site.run(async |node| {
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let msg = AppendChunk {
            range: Some(ContentRange {
                start: 0,
                end_inclusive: 99,
            }),
            body: Body::Whole(vec![noise(1, 50)]),
        };
        let refused = node.actors.ask_upload(&name(PATH), id, msg, LONG).await;
        let is_expected = matches!(
            refused,
            Err(UploadError::WrongLength {
                received_bytes: 50,
                announced_bytes: 100
            })
        );
        assert!(is_expected, "{refused:?}");
    });
}

#[test]
fn a_blob_that_is_too_large_leaves_nothing() {
    let site = Site::new();
    site.run_with(
        |settings| settings.max_layer_bytes = 100_000,
        async |node| {
            let bytes = noise(1, 100_001);
            let id = node.start_upload(PATH, Algorithm::Sha256).await;
            let refused = node.finish(PATH, id, digest_of(&bytes), &bytes).await;
            assert!(
                matches!(refused, Err(UploadError::TooLarge { .. })),
                "{refused:?}"
            );
            assert_eq!(site.objects().len(), 0);
            let fits = bytes.slice(..100_000);
            node.push_blob(PATH, &fits).await;
        },
    );
}

#[test]
fn a_cancelled_upload_leaves_nothing() {
    let site = Site::new();
    site.run(async |node| {
        let path = name(PATH);
        for (len, is_saved) in [
            (1000, false),
            (200_000, false),
            (200_000, true),
            (1000, true),
        ] {
            let id = node.start_upload(PATH, Algorithm::Sha256).await;
            node.append(PATH, id, None, &noise(1, len)).await.unwrap();
            if is_saved {
                wait_for("the upload to be saved", async || {
                    site.count("SELECT count(*) FROM upload").await == 1
                })
                .await;
            }
            node.actors
                .ask_upload(&path, id, CancelUpload, LONG)
                .await
                .unwrap();
            let again = node.actors.ask_upload(&path, id, CancelUpload, LONG).await;
            assert!(matches!(again, Err(UploadError::Unknown)), "{again:?}");
            assert!(matches!(
                progress(&node, id).await,
                Err(UploadError::Unknown)
            ));
            assert_eq!(site.objects().len(), 0);
            assert_eq!(site.count("SELECT count(*) FROM upload").await, 0);
            assert_eq!(site.count("SELECT count(*) FROM segment").await, 0);
        }
        let open = node.actors.observe(10).await.unwrap().upload_count;
        assert_eq!(open, 0);
    });
}

#[test]
fn an_upload_belongs_to_its_repository() {
    let site = Site::new();
    site.run(async |node| {
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let foreign = node.start_upload("acme/other", Algorithm::Sha256).await;
        let other = node.append("acme/other", id, None, &noise(1, 10)).await;
        assert!(matches!(other, Err(UploadError::Unknown)), "{other:?}");
        let other = node.append(PATH, foreign, None, &noise(1, 10)).await;
        assert!(matches!(other, Err(UploadError::Unknown)), "{other:?}");
        assert_eq!(
            node.append(PATH, id, None, &noise(1, 10)).await.unwrap(),
            10
        );
    });
}

#[test]
fn more_uploads_than_may_be_open_are_refused() {
    let site = Site::new();
    site.run_with(
        |settings| settings.max_uploads = 3,
        async |node| {
            let mut ids = Vec::new();
            for _ in 0..3 {
                ids.push(node.start_upload(PATH, Algorithm::Sha256).await);
            }
            let ensure = EnsureRepository {
                origin: slipway_actors::Origin::default(),
                creates_namespace: true,
                namespaces: None,
            };
            let refused = node
                .actors
                .start_upload(
                    &name(PATH),
                    ensure,
                    Algorithm::Sha256,
                    UploadOwner::default(),
                )
                .await;
            assert!(
                matches!(refused, Err(RepositoryError::Dispatch(DispatchError::Full))),
                "{refused:?}"
            );
            let bytes = noise(1, 10);
            node.finish(PATH, ids[0], digest_of(&bytes), &bytes)
                .await
                .unwrap();
            node.start_upload(PATH, Algorithm::Sha256).await;
        },
    );
}

#[test]
fn asking_for_unknown_uploads_does_not_push_out_real_ones() {
    let site = Site::new();
    site.run_with(
        |settings| settings.max_uploads = 4,
        async |node| {
            let mut ids = Vec::new();
            for _ in 0..4 {
                let id = node.start_upload(PATH, Algorithm::Sha256).await;
                node.append(PATH, id, None, &noise(1, 10)).await.unwrap();
                ids.push(id);
            }
            for _ in 0..8 {
                let unknown = progress(&node, UploadId::new_v4()).await;
                assert!(unknown.is_err(), "{unknown:?}");
            }
            for id in ids {
                assert_eq!(
                    node.append(PATH, id, None, &noise(2, 10)).await.unwrap(),
                    20
                );
            }
        },
    );
}

#[test]
fn t17_same_layer_pushed_by_64_uploads_is_stored_once() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 300_000);
        let digest = digest_of(&bytes);
        let pushes = (0..64).map(|number| {
            let (node, bytes) = (&node, &bytes);
            async move {
                let path = format!("acme/repo{}", number % 8);
                let id = node.start_upload(&path, Algorithm::Sha256).await;
                node.append(&path, id, None, &bytes.slice(..200_000))
                    .await
                    .unwrap();
                let stored = node
                    .finish(&path, id, digest, &bytes.slice(200_000..))
                    .await;
                stored.unwrap().blob.is_some()
            }
        });
        let kept = futures_util::future::join_all(pushes).await;
        assert_eq!(kept.iter().filter(|is_kept| **is_kept).count(), 1);
        assert_eq!(site.count("SELECT count(*) FROM blob").await, 1);
        assert_eq!(site.count("SELECT count(*) FROM repository_blob").await, 8);
        assert_eq!(site.objects().len(), 1, "losers drop their segments");
        for number in 0..8 {
            let path = format!("acme/repo{number}");
            assert_eq!(node.read_blob(&path, digest, None).await.unwrap(), bytes);
        }
        let index = node.actors.observe(0).await.unwrap().blob_index;
        assert_eq!(index.commits, 64);
        assert_eq!((index.waiting, index.running), (0, 0));
    });
}

#[test]
fn many_blobs_share_their_commits() {
    let site = Site::new();
    site.run(async |node| {
        node.push_blob(PATH, &noise(0, 10)).await;
        let before = node.actors.observe(0).await.unwrap().blob_index.groups;
        assert_eq!(before, 1, "one that is alone does not wait");
        let blobs: Vec<Bytes> = (1..=100).map(|seed| noise(seed, 1000)).collect();
        let pushes = blobs.iter().map(|bytes| node.push_blob(PATH, bytes));
        futures_util::future::join_all(pushes).await;
        let groups = node.actors.observe(0).await.unwrap().blob_index.groups - before;
        assert!(groups < 100, "{groups} groups for 100 blobs");
        assert_eq!(site.count("SELECT count(*) FROM blob").await, 101);
    });
}

#[test]
fn a_pause_saves_what_is_there() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 100_000);
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        node.append(PATH, id, None, &bytes.slice(..90_000))
            .await
            .unwrap();
        let saved = || site.count("SELECT coalesce(max(offset_bytes), 0) FROM upload");
        wait_for("the upload to be saved", async || saved().await == 90_000).await;
        node.finish(PATH, id, digest_of(&bytes), &bytes.slice(90_000..))
            .await
            .unwrap();
        assert_eq!(site.count("SELECT count(*) FROM upload").await, 0);
        assert_eq!(
            node.read_blob(PATH, digest_of(&bytes), None).await.unwrap(),
            bytes
        );
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(
            site.count("SELECT count(*) FROM upload").await,
            0,
            "it stays gone"
        );
    });
}

#[test]
fn a_request_that_meets_a_save_waits_for_it() {
    let site = Site::new();
    site.run(async |node| {
        let bytes = noise(1, 100_000);
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        let saved = || site.count("SELECT coalesce(max(offset_bytes), 0) FROM upload");
        node.append(PATH, id, None, &bytes.slice(..10))
            .await
            .unwrap();
        wait_for("the first save", async || saved().await == 10).await;

        let mut holder = site.test.connect().await;
        let held = holder.transaction().await.unwrap();
        held.batch_execute("SELECT 1 FROM upload FOR UPDATE")
            .await
            .unwrap();
        node.append(PATH, id, None, &bytes.slice(10..20))
            .await
            .unwrap();
        wait_for("the second save to hang", async || {
            site.count(
                "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .await
                == 1
        })
        .await;
        assert_eq!(
            progress(&node, id).await.unwrap(),
            20,
            "status does not wait"
        );
        let rest = bytes.slice(20..);
        let finish = node.finish(PATH, id, digest_of(&bytes), &rest);
        let release = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            held.rollback().await.unwrap();
        };
        let (finished, ()) = futures_util::future::join(finish, release).await;
        finished.unwrap();
        assert_eq!(
            node.read_blob(PATH, digest_of(&bytes), None).await.unwrap(),
            bytes
        );
    });
}
