//! The durable mark, and what becomes of generations beyond it.

use slipway_model::blob::{self, Content, Found, NewBlob, Source};
use slipway_model::identity::{self, ServerIdentity};
use slipway_model::manifest::Verdict;
use slipway_model::node::{self, DurableMark, NewNode, Undurable};
use slipway_model::suspect::{self, Doubtful};
use slipway_model::{BatchId, BlobId, ModelError, NodeId, batch};

use crate::support::{
    LEASE_S, Site, commit, digest_of, find_blob, inline_blob, make_repository, new_manifest,
    segment_blob, segments, tagged,
};

/// A node that leaves bytes with the operating system of `boot`, with an open batch.
async fn start(site: &Site, boot: Option<&str>) -> (NodeId, BatchId) {
    let id = NodeId::new_v4();
    let new = NewNode {
        id,
        boot_id: boot.map(str::to_owned),
        leaves_bytes: true,
    };
    node::start_node(&site.db, &new).await.unwrap();
    (id, batch::open_batch(&site.db, id).await.unwrap())
}

async fn put_segments(site: &Site, batch: BatchId, text: &str) -> (NewBlob, BlobId) {
    let new = segment_blob(text, batch, site.repository);
    let committed = commit(&site.db, &new).await;
    (new, committed.id.unwrap())
}

async fn look_back(site: &Site, boot: Option<&str>) -> Undurable {
    node::suspect_undurable(&site.db, NodeId::new_v4(), boot)
        .await
        .unwrap()
}

async fn suspects(site: &Site) -> Vec<BlobId> {
    let found = suspect::list_suspects(&site.db, BlobId(0), 100)
        .await
        .unwrap();
    found.iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn only_generations_of_the_dead_node_beyond_its_mark_are_suspect_after_another_boot() {
    let site = Site::new().await;
    let (dead, batch) = start(&site, Some("one")).await;
    let (other, other_batch) = start(&site, Some("one")).await;
    node::advance_mark(&site.db, other, DurableMark::EVERYTHING, false)
        .await
        .unwrap();
    put_segments(&site, batch, "before").await;
    let mark = node::newest_generation(&site.db).await.unwrap();
    let (_, during) = put_segments(&site, batch, "during the sync").await;
    node::advance_mark(&site.db, dead, mark, false)
        .await
        .unwrap();
    let (_, after) = put_segments(&site, batch, "after").await;
    put_segments(&site, other_batch, "of another node").await;
    let inline = commit(&site.db, &inline_blob("small", &[site.repository])).await;
    assert!(inline.id.unwrap() > after);

    let found = look_back(&site, Some("two")).await;
    assert_eq!((found.suspects, found.cached_nodes), (2, 0));
    assert_eq!(suspects(&site).await, [during, after]);
    let again = look_back(&site, Some("three")).await;
    assert_eq!(again.suspects, 0, "each end is looked at once");
}

#[tokio::test]
async fn the_same_boot_still_has_the_bytes_until_a_first_sync_covers_them() {
    let site = Site::new().await;
    let (_, batch) = start(&site, Some("one")).await;
    put_segments(&site, batch, "cached").await;
    let found = look_back(&site, Some("one")).await;
    assert_eq!((found.suspects, found.cached_nodes), (0, 1));
    let (next, _) = start(&site, Some("one")).await;

    // A later sync of the next node says nothing of the dead one, the first one does.
    node::advance_mark(&site.db, next, DurableMark(1), false)
        .await
        .unwrap();
    assert_eq!(look_back(&site, Some("one")).await.cached_nodes, 2);
    node::advance_mark(&site.db, next, DurableMark(1), true)
        .await
        .unwrap();
    assert_eq!(look_back(&site, Some("one")).await.cached_nodes, 1);
    assert_eq!(look_back(&site, Some("two")).await.suspects, 0);
}

#[tokio::test]
async fn an_unknown_boot_counts_as_a_power_cut() {
    for (then, now) in [(None, Some("one")), (Some("one"), None), (None, None)] {
        let site = Site::new().await;
        let (_, batch) = start(&site, then).await;
        put_segments(&site, batch, "text").await;
        assert_eq!(look_back(&site, now).await.suspects, 1, "{then:?} {now:?}");
    }
    let site = Site::new().await;
    let (node, batch) = start(&site, Some("one")).await;
    put_segments(&site, batch, "text").await;
    node::distrust_boot(&site.db, node).await.unwrap();
    assert_eq!(
        look_back(&site, Some("one")).await.suspects,
        1,
        "a sync failed"
    );
}

#[tokio::test]
async fn a_mark_never_goes_back_and_a_clean_stop_covers_everything() {
    let site = Site::new().await;
    let (node, batch) = start(&site, Some("one")).await;
    put_segments(&site, batch, "text").await;
    batch::close_own(&site.db, node).await.unwrap();
    node::advance_mark(&site.db, node, DurableMark::EVERYTHING, true)
        .await
        .unwrap();
    node::advance_mark(&site.db, node, DurableMark(0), false)
        .await
        .unwrap();
    assert_eq!(
        look_back(&site, Some("two")).await,
        Undurable {
            suspects: 0,
            cached_nodes: 0
        }
    );
    let late = commit(&site.db, &segment_blob("late", batch, site.repository)).await;
    assert!(late.fenced, "no commit comes after the last sync");
}

/// A suspect of two objects.
async fn make_suspect(site: &Site, text: &str) -> (NewBlob, BlobId) {
    let (node, batch) = start(site, None).await;
    let (new, id) = put_segments(site, batch, text).await;
    assert_eq!(look_back(site, None).await.suspects, 1);
    batch::close_batch(&site.db, batch).await.unwrap();
    batch::mark_swept(&site.db, batch).await.unwrap();
    assert!(!node.is_nil());
    (new, id)
}

#[tokio::test]
async fn nobody_may_rely_on_a_suspect() {
    let site = Site::new().await;
    let (new, id) = make_suspect(&site, "text").await;
    let (db, repository, digest) = (&site.db, site.repository, &new.digest);
    let found = blob::find_blob(db, repository, digest, LEASE_S)
        .await
        .unwrap();
    assert!(
        matches!(found, Some(Found::Suspect(one)) if one == id),
        "{found:?}"
    );
    let source = Source {
        repository: None,
        account: None,
        reads_everything: true,
    };
    let source = blob::find_source(db, digest, &source)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(source.suspect, Some(id));
    let target = make_repository(db, "acme/other").await;
    assert!(
        !blob::link_blob(db, repository, target, digest, LEASE_S)
            .await
            .unwrap()
    );
    let mut manifest = new_manifest("manifest");
    manifest.blobs = vec![(*digest, new.size_bytes)];
    assert!(
        matches!(site.put(&manifest).await, Verdict::MissingBlobs(missing) if missing == [*digest])
    );
    let here = suspect::list_suspects_here(db, repository, &[*digest, digest_of("other")]).await;
    assert_eq!(here.unwrap(), [id]);
    assert!(
        suspect::list_suspects_here(db, target, &[*digest])
            .await
            .unwrap()
            .is_empty()
    );

    assert!(suspect::clear_suspect(db, id).await.unwrap());
    assert!(!suspect::clear_suspect(db, id).await.unwrap(), "it is live");
    let found = find_blob(db, repository, digest, LEASE_S).await.unwrap();
    assert_eq!(found.unwrap().id, id);
    assert!(matches!(site.put(&manifest).await, Verdict::Done(_)));
}

#[tokio::test]
async fn a_lost_blob_is_absent_and_its_objects_are_swept() {
    let site = Site::new().await;
    let (new, id) = make_suspect(&site, "text").await;
    assert!(suspect::mark_lost(&site.db, id).await.unwrap());
    assert!(!suspect::mark_lost(&site.db, id).await.unwrap());
    assert!(
        !suspect::clear_suspect(&site.db, id).await.unwrap(),
        "lost stays lost"
    );
    let found = blob::find_blob(&site.db, site.repository, &new.digest, LEASE_S).await;
    assert!(found.unwrap().is_none());
    let counted = suspect::count_doubtful(&site.db).await.unwrap();
    assert_eq!(
        counted,
        Doubtful {
            suspects: 0,
            lost: 1
        }
    );
    let keys: Vec<_> = segments(&new)
        .iter()
        .map(|one| (one.batch, one.name))
        .collect();
    assert!(
        blob::list_named_segments(&site.db, &keys)
            .await
            .unwrap()
            .is_empty()
    );
    let unswept =
        "SELECT count(*) FROM segment_batch WHERE closed_at IS NOT NULL AND swept_at IS NULL";
    assert_eq!(site.count(unswept).await, 1);
}

#[tokio::test]
async fn a_push_takes_the_place_of_a_doubtful_copy_wherever_that_was_linked() {
    for is_lost in [false, true] {
        let site = Site::new().await;
        let other = make_repository(&site.db, "acme/other").await;
        let (_, batch) = start(&site, None).await;
        let mut new = segment_blob("text", batch, site.repository);
        new.repositories.push(other);
        let old = commit(&site.db, &new).await.id.unwrap();
        let mut manifest = tagged("manifest", &["v1"]);
        manifest.blobs = vec![(new.digest, new.size_bytes)];
        assert!(matches!(site.put(&manifest).await, Verdict::Done(_)));
        assert_eq!(look_back(&site, None).await.suspects, 1);
        if is_lost {
            assert!(suspect::mark_lost(&site.db, old).await.unwrap());
        }

        let (_, batch) = start(&site, None).await;
        let again = segment_blob("text", batch, site.repository);
        let committed = commit(&site.db, &again).await;
        assert!(
            committed.stored && committed.id != Some(old),
            "the new bytes are kept"
        );
        for repository in [site.repository, other] {
            let found = find_blob(&site.db, repository, &new.digest, LEASE_S)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(Some(found.id), committed.id);
            let Content::Segments(found) = found.content else {
                panic!("not segments");
            };
            assert_eq!(found, segments(&again));
        }
        let links = format!(
            "SELECT blob_id FROM manifest_blob WHERE repository_id = {}",
            site.repository
        );
        assert_eq!(Some(BlobId(site.count(&links).await)), committed.id);
        assert_eq!(site.count("SELECT count(*) FROM blob").await, 1);
        assert_eq!(site.count("SELECT count(*) FROM segment").await, 2);
        assert!(!suspect::clear_suspect(&site.db, old).await.unwrap());
    }
}

#[tokio::test]
async fn a_check_that_ends_after_a_push_took_the_place_finds_a_conflict_or_nothing() {
    let site = Site::new().await;
    let (new, id) = make_suspect(&site, "text").await;
    let live = digest_of("text")
        .to_db()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    // A push that is committed but has not replaced the suspect yet cannot be seen from outside; a
    // row beside it stands for one.
    let sql = format!("INSERT INTO blob (digest, size_bytes) VALUES (decode('{live}', 'hex'), 30)");
    site.execute(&sql).await;
    let cleared = suspect::clear_suspect(&site.db, id).await;
    assert!(
        matches!(cleared, Err(ModelError::Conflict(_))),
        "{cleared:?}"
    );
    assert_eq!(new.size_bytes, 30);
}

#[tokio::test]
async fn a_role_that_may_not_ask_for_the_server_goes_by_the_counter() {
    let site = Site::new().await;
    let known = identity::read_identity(&site.db).await.unwrap();
    assert!(known.server.system_identifier.is_some() && known.server.timeline.is_some());
    site.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        .await;
    let found = identity::read_identity(&site.db).await.unwrap();
    assert_eq!(found.server, ServerIdentity::default());
    assert_eq!(found.counter, known.counter);
}

#[tokio::test]
async fn the_counter_grows_above_whatever_is_known_of_it() {
    let site = Site::new().await;
    let first = identity::raise_counter(&site.db, 0).await.unwrap();
    assert_eq!(
        identity::raise_counter(&site.db, 0).await.unwrap(),
        first + 1
    );
    assert_eq!(
        identity::raise_counter(&site.db, first + 40).await.unwrap(),
        first + 41
    );
    identity::accept(&site.db).await.unwrap();
    identity::accept_done(&site.db, 1).await.unwrap();
    identity::accept_done(&site.db, 0).await.unwrap();
    let found = identity::read_identity(&site.db).await.unwrap();
    assert_eq!((found.accepted, found.accepted_done), (1, 1));
}
