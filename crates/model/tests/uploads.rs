//! Saved uploads: going on, taking over, fencing, expiring.

use bytes::Bytes;
use slipway_model::upload::{SavedUpload, delete_upload, list_expired, save_upload, take_upload};
use slipway_model::{UploadId, batch};

use crate::support::{Site, make_repository, open_batch, segment};

fn small(epoch: i64, text: &str) -> SavedUpload {
    SavedUpload {
        epoch,
        offset_bytes: u64::try_from(text.len()).unwrap(),
        hash_state: text.as_bytes().to_vec(),
        inline: Some(Bytes::from(text.to_owned())),
        segments: Vec::new(),
    }
}

#[tokio::test]
async fn a_take_over_fences_the_old_epoch() {
    let site = Site::new().await;
    let id = UploadId::new_v4();
    let (db, repository) = (&site.db, site.repository);
    let save = async |state| save_upload(db, id, repository, &state).await;
    assert!(save(small(1, "a")).await.unwrap());
    assert!(save(small(1, "ab")).await.unwrap());

    let taken = take_upload(&site.db, id, site.repository)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((taken.epoch, taken.offset_bytes), (2, 2));
    assert_eq!(taken.inline.unwrap(), "ab");
    assert_eq!(taken.hash_state, b"ab");

    assert!(
        !save(small(1, "abX")).await.unwrap(),
        "the old owner is fenced"
    );
    assert!(save(small(2, "abc")).await.unwrap());
    let taken = take_upload(&site.db, id, site.repository)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (taken.epoch, taken.inline.unwrap().as_ref()),
        (3, &b"abc"[..])
    );
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository() {
    let site = Site::new().await;
    let other = make_repository(&site.db, "acme/other").await;
    let id = UploadId::new_v4();
    assert!(
        save_upload(&site.db, id, site.repository, &small(1, "a"))
            .await
            .unwrap()
    );
    assert!(take_upload(&site.db, id, other).await.unwrap().is_none());
    assert!(
        take_upload(&site.db, id, site.repository)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn segments_come_back_in_order_with_their_saved_sizes() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let id = UploadId::new_v4();
    let mut state = SavedUpload {
        segments: vec![segment(batch, 10)],
        inline: None,
        ..small(1, "")
    };
    assert!(
        save_upload(&site.db, id, site.repository, &state)
            .await
            .unwrap()
    );
    state.segments[0].size_bytes = 25;
    state.segments.push(segment(batch, 5));
    assert!(
        save_upload(&site.db, id, site.repository, &state)
            .await
            .unwrap()
    );
    let taken = take_upload(&site.db, id, site.repository)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.segments, state.segments);
}

#[tokio::test]
async fn a_new_segment_of_a_closed_batch_is_not_saved() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let id = UploadId::new_v4();
    let mut state = SavedUpload {
        segments: vec![segment(batch, 10)],
        inline: None,
        ..small(1, "")
    };
    assert!(
        save_upload(&site.db, id, site.repository, &state)
            .await
            .unwrap()
    );
    batch::close_batch(&site.db, batch).await.unwrap();
    assert!(
        save_upload(&site.db, id, site.repository, &state)
            .await
            .unwrap(),
        "what is named stays"
    );
    state.segments.push(segment(batch, 5));
    assert!(
        !save_upload(&site.db, id, site.repository, &state)
            .await
            .unwrap()
    );
    let taken = take_upload(&site.db, id, site.repository)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.segments, state.segments[..1]);
}

#[tokio::test]
async fn uploads_without_progress_are_listed_oldest_first_and_go() {
    let site = Site::new().await;
    let ids: Vec<UploadId> = (0..3).map(|_| UploadId::new_v4()).collect();
    for id in &ids {
        assert!(
            save_upload(&site.db, *id, site.repository, &small(1, "a"))
                .await
                .unwrap()
        );
    }
    site.execute(&format!(
        "UPDATE upload SET saved_at = clock_timestamp() - interval '1 day' WHERE id = '{}'; \
         UPDATE upload SET saved_at = clock_timestamp() - interval '2 days' WHERE id = '{}'",
        ids[0], ids[1]
    ))
    .await;
    let expired = list_expired(&site.db, 3600.0, 10).await.unwrap();
    assert_eq!(
        expired,
        [(ids[1], site.repository), (ids[0], site.repository)]
    );
    assert!(delete_upload(&site.db, ids[0]).await.unwrap());
    assert!(!delete_upload(&site.db, ids[0]).await.unwrap());
    assert!(
        take_upload(&site.db, ids[0], site.repository)
            .await
            .unwrap()
            .is_none()
    );
}
