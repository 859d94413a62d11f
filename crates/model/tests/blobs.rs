//! Commits of blobs, their fences and races, and presence in a repository.

use slipway_model::batch;
use slipway_model::blob::{
    self, Content, Unlinked, commit_blobs, link_blob, list_named_segments, unlink_blob,
};
use slipway_model::manifest::Verdict;
use slipway_model::upload::{SavedUpload, save_upload, take_upload};

use crate::support::{
    LEASE_S, Site, commit, digest_of, find_blob, inline_blob, make_repository, open_batch,
    segment_blob, segments, tagged,
};

#[tokio::test]
async fn a_new_blob_is_stored_and_present() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let group = [
        inline_blob("small", &[site.repository]),
        segment_blob("large", batch, site.repository),
    ];
    let verdicts = commit_blobs(&site.db, &group, LEASE_S).await.unwrap();
    assert!(verdicts.iter().all(|one| one.stored && !one.fenced));

    for (new, verdict) in group.iter().zip(&verdicts) {
        let found = find_blob(&site.db, site.repository, &new.digest, LEASE_S)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(Some(found.id), verdict.id);
        assert_eq!(found.size_bytes, new.size_bytes);
        match (&found.content, &new.content) {
            (Content::Inline(found), Content::Inline(new)) => assert_eq!(found, new),
            (Content::Segments(found), Content::Segments(new)) => assert_eq!(found, new),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn verdicts_come_in_the_order_of_the_call() {
    let site = Site::new().await;
    site.blob("blob 7").await;
    let group: Vec<_> = (0..20)
        .map(|number| inline_blob(&format!("blob {number}"), &[site.repository]))
        .collect();
    let verdicts = commit_blobs(&site.db, &group, LEASE_S).await.unwrap();
    for (number, (new, verdict)) in group.iter().zip(&verdicts).enumerate() {
        assert_eq!(verdict.stored, number != 7);
        let found = find_blob(&site.db, site.repository, &new.digest, LEASE_S).await;
        assert_eq!(verdict.id, found.unwrap().map(|blob| blob.id));
    }
}

#[tokio::test]
async fn a_known_digest_is_shared_and_its_segments_stay_unnamed() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let other = make_repository(&site.db, "acme/other").await;
    let first = commit(&site.db, &segment_blob("layer", batch, site.repository)).await;
    let again = segment_blob("layer", batch, other);
    let second = commit(&site.db, &again).await;

    assert_eq!(
        (second.id, second.stored, second.fenced),
        (first.id, false, false)
    );
    let keys: Vec<_> = segments(&again)
        .iter()
        .map(|one| (one.batch, one.name))
        .collect();
    let named = list_named_segments(&site.db, &keys).await.unwrap();
    assert_eq!(named, []);
    let found = find_blob(&site.db, other, &again.digest, LEASE_S).await;
    assert_eq!(found.unwrap().map(|blob| blob.id), first.id);
}

#[tokio::test]
async fn a_commit_brings_a_condemned_blob_back() {
    let site = Site::new().await;
    let digest = site.blob("text").await;
    site.execute("UPDATE blob SET state = 1").await;
    let find = || find_blob(&site.db, site.repository, &digest, LEASE_S);
    assert!(find().await.unwrap().is_none(), "condemned is not present");

    let again = commit(&site.db, &inline_blob("text", &[site.repository])).await;
    assert!(!again.stored);
    assert_eq!(find().await.unwrap().map(|blob| blob.id), again.id);
    assert!(again.id.is_some());
}

#[tokio::test]
async fn a_digest_whose_copy_is_being_reaped_gets_a_new_generation() {
    let site = Site::new().await;
    let old = commit(&site.db, &inline_blob("text", &[])).await;
    site.execute("UPDATE blob SET state = 2").await;
    let new = commit(&site.db, &inline_blob("text", &[site.repository])).await;
    assert!(new.stored);
    assert_ne!(new.id, old.id);
}

#[tokio::test]
async fn a_commit_into_a_closed_batch_writes_nothing() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let (_, closed) = open_batch(&site.db).await;
    batch::close_batch(&site.db, closed).await.unwrap();
    let group = [
        segment_blob("fenced", closed, site.repository),
        segment_blob("fine", batch, site.repository),
    ];
    let verdicts = commit_blobs(&site.db, &group, LEASE_S).await.unwrap();
    assert!(verdicts[0].fenced && !verdicts[0].stored);
    assert!(verdicts[1].stored && !verdicts[1].fenced);
    assert_eq!(site.count("SELECT count(*) FROM blob").await, 1);
    assert_eq!(site.count("SELECT count(*) FROM segment").await, 2);
    assert_eq!(site.count("SELECT count(*) FROM repository_blob").await, 1);
}

#[tokio::test]
async fn what_a_saved_upload_names_commits_from_a_closed_batch() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let new = segment_blob("layer", batch, site.repository);
    let saved = SavedUpload {
        epoch: 1,
        offset_bytes: new.size_bytes,
        hash_state: vec![1],
        inline: None,
        segments: segments(&new),
    };
    assert!(
        save_upload(&site.db, new.upload, site.repository, &saved)
            .await
            .unwrap()
    );
    batch::close_batch(&site.db, batch).await.unwrap();

    let verdict = commit(&site.db, &new).await;
    assert!(verdict.stored && !verdict.fenced);
    let taken = take_upload(&site.db, new.upload, site.repository)
        .await
        .unwrap();
    assert!(taken.is_none(), "the upload's row went with its commit");
    let found = find_blob(&site.db, site.repository, &new.digest, LEASE_S).await;
    let Content::Segments(found) = found.unwrap().unwrap().content else {
        panic!("not segments");
    };
    assert_eq!(found, segments(&new));
}

#[tokio::test]
async fn a_repeated_commit_after_a_lost_answer_keeps_its_segments() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    let new = segment_blob("layer", batch, site.repository);
    let first = commit(&site.db, &new).await;
    let second = commit(&site.db, &new).await;
    assert_eq!((second.id, second.stored), (first.id, false));
    let keys: Vec<_> = segments(&new)
        .iter()
        .map(|one| (one.batch, one.name))
        .collect();
    let mut named = list_named_segments(&site.db, &keys).await.unwrap();
    let mut wanted = keys;
    named.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(named, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_commits_of_one_digest_exactly_one_is_stored() {
    let site = Site::new().await;
    let (_, batch) = open_batch(&site.db).await;
    for round in 0..5 {
        let commits: Vec<_> = (0..16)
            .map(|_| {
                let db = site.db.clone();
                let new = segment_blob(&format!("layer {round}"), batch, site.repository);
                tokio::spawn(async move { commit(&db, &new).await })
            })
            .collect();
        let mut verdicts = Vec::new();
        for one in commits {
            verdicts.push(one.await.unwrap());
        }
        let stored = verdicts.iter().filter(|one| one.stored).count();
        assert_eq!(stored, 1, "{verdicts:?}");
        assert!(
            verdicts
                .iter()
                .all(|one| one.id == verdicts[0].id && one.id.is_some())
        );
    }
    assert_eq!(site.count("SELECT count(*) FROM segment").await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_in_opposite_orders_do_not_deadlock() {
    let site = Site::new().await;
    for round in 0..10 {
        let texts: Vec<String> = (0..30).map(|n| format!("{round} {n}")).collect();
        let group: Vec<_> = texts
            .iter()
            .map(|text| inline_blob(text, &[site.repository]))
            .collect();
        let mut reversed = group.clone();
        reversed.reverse();
        let (one, two) = tokio::join!(
            commit_blobs(&site.db, &group, LEASE_S),
            commit_blobs(&site.db, &reversed, LEASE_S)
        );
        let stored = |verdicts: Vec<blob::Committed>| {
            verdicts.iter().filter(|verdict| verdict.stored).count()
        };
        assert_eq!(stored(one.unwrap()) + stored(two.unwrap()), 30);
    }
}

#[tokio::test]
async fn closing_a_batch_waits_for_no_one_and_closes_dead_ones() {
    let site = Site::new().await;
    let (node, mine) = open_batch(&site.db).await;
    let (dead_node, dead) = open_batch(&site.db).await;
    let listed = batch::close_dead_batches(&site.db, node, false, 30.0)
        .await
        .unwrap();
    assert_eq!(listed, [], "the other node lives");
    slipway_model::node::stop_node(&site.db, dead_node)
        .await
        .unwrap();
    let listed = batch::close_dead_batches(&site.db, node, false, 30.0)
        .await
        .unwrap();
    assert_eq!(listed, [dead]);
    batch::mark_swept(&site.db, dead).await.unwrap();
    batch::mark_swept(&site.db, mine).await.unwrap();
    let listed = batch::close_dead_batches(&site.db, node, true, 30.0)
        .await
        .unwrap();
    assert_eq!(listed, [], "an open batch is never swept");
}

#[tokio::test]
async fn a_blob_goes_unless_a_served_manifest_needs_it() {
    let site = Site::new().await;
    let digest = site.blob("layer").await;
    let mut image = tagged("image", &["v1"]);
    image.blobs = vec![(digest, 5)];
    assert_eq!(site.put(&image).await, Verdict::Done(vec![]));
    let unlink = || unlink_blob(&site.db, site.repository, &digest);

    assert_eq!(unlink().await.unwrap(), Unlinked::Needed);
    assert_eq!(
        site.delete(&image.digest, false).await,
        Verdict::Done(vec!["v1".to_owned()])
    );
    assert_eq!(unlink().await.unwrap(), Unlinked::Removed);
    assert_eq!(unlink().await.unwrap(), Unlinked::Unknown);
    let gone = find_blob(&site.db, site.repository, &digest, LEASE_S).await;
    assert!(gone.unwrap().is_none());
    assert_eq!(
        site.count("SELECT count(*) FROM blob").await,
        1,
        "the generation stays"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_that_a_push_just_linked_is_not_removed() {
    let site = Site::new().await;
    let digest = site.blob("layer").await;
    assert_eq!(
        site.put(&tagged("other", &["y"])).await,
        Verdict::Done(vec![])
    );
    // An open transaction with the same tag holds the push half way.
    let mut holder = site.test.connect().await;
    let held = holder.transaction().await.unwrap();
    let sql = "INSERT INTO tag (repository_id, manifest_id, name, start_ms) \
               SELECT repository_id, id, 'v1', 0 FROM manifest";
    held.batch_execute(sql).await.unwrap();

    let mut image = tagged("image", &["v1"]);
    image.blobs = vec![(digest, 5)];
    let (db, repository) = (site.db.clone(), site.repository);
    let push = tokio::spawn(async move { crate::support::put(&db, repository, &image).await });
    site.wait_for_waiters(1).await;
    let db = site.db.clone();
    let unlink = tokio::spawn(async move { unlink_blob(&db, repository, &digest).await.unwrap() });
    site.wait_for_waiters(2).await;
    held.rollback().await.unwrap();

    assert_eq!(push.await.unwrap(), Verdict::Done(vec![]));
    assert_eq!(unlink.await.unwrap(), Unlinked::Needed);
}

#[tokio::test]
async fn a_mount_needs_the_source_to_have_the_blob() {
    let site = Site::new().await;
    let digest = site.blob("layer").await;
    let (empty, target) = (
        make_repository(&site.db, "acme/empty").await,
        make_repository(&site.db, "acme/target").await,
    );
    let link = |source| link_blob(&site.db, source, target, &digest, LEASE_S);
    assert!(!link(empty).await.unwrap());
    assert!(link(site.repository).await.unwrap());
    assert!(link(site.repository).await.unwrap(), "again is fine");
    let found = find_blob(&site.db, target, &digest, LEASE_S).await.unwrap();
    assert!(found.is_some());
    let absent = digest_of("absent");
    let linked = link_blob(&site.db, site.repository, target, &absent, LEASE_S).await;
    assert!(!linked.unwrap());
}

#[tokio::test]
async fn a_source_is_one_the_account_may_read() {
    let site = Site::new().await;
    let digest = site.blob("layer").await;
    let find = async |reads_everything| {
        let source = blob::Source {
            repository: None,
            account: None,
            reads_everything,
        };
        let found = blob::find_source(&site.db, &digest, &source).await;
        found.map(|found| found.map(|source| source.repository))
    };
    assert_eq!(
        find(false).await.unwrap(),
        None,
        "the repository is private"
    );
    assert_eq!(find(true).await.unwrap(), Some(site.repository));
    site.execute("UPDATE repository SET visibility = 'public'")
        .await;
    assert_eq!(find(false).await.unwrap(), Some(site.repository));
    site.execute("UPDATE namespace SET enabled = false").await;
    assert_eq!(find(false).await.unwrap(), None);
}

#[tokio::test]
async fn finding_a_blob_extends_a_lease_that_is_half_over() {
    let site = Site::new().await;
    let digest = site.blob("layer").await;
    site.execute("UPDATE repository_blob SET leased_until = clock_timestamp() + interval '1 min'")
        .await;
    let left = "SELECT extract(epoch FROM leased_until - clock_timestamp())::bigint \
                FROM repository_blob";
    find_blob(&site.db, site.repository, &digest, 100.0)
        .await
        .unwrap();
    assert!(site.count(left).await <= 60, "more than half is left");
    find_blob(&site.db, site.repository, &digest, 3600.0)
        .await
        .unwrap();
    assert!(site.count(left).await > 3500);
}
