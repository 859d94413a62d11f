//! A database that was put back, or a clock that jumped: nothing is deleted until it is accepted.

use std::time::Duration;

use slipway_actors::node::fsck;
use slipway_oci::Algorithm;

use crate::support::{Node, Site, digest_of, noise, wait_for};

const PATH: &str = "acme/web";
const SWEPT: &str = "SELECT count(*) FROM segment_batch WHERE swept_at IS NOT NULL";

/// Pushes a blob and leaves an object behind that nothing names.
fn leave_an_orphan(site: &Site) {
    site.run(async |node| {
        node.push_blob(PATH, &noise(1, 200_000)).await;
        let id = node.start_upload(PATH, Algorithm::Sha256).await;
        node.append(PATH, id, None, &noise(2, 200_000))
            .await
            .unwrap();
    });
    assert_eq!(site.objects().len(), 2);
}

/// What is doubted, once nothing else can change.
async fn doubts(node: &Node) -> Vec<&'static str> {
    node.actors.holds().iter().map(|hold| hold.what).collect()
}

/// Runs a node that must sweep nothing, and one after an acceptance that must.
fn expect_held(site: &Site, what: &'static str) {
    site.run(async |node| {
        assert_eq!(doubts(&node).await, [what]);
        wait_for("word of it", async || {
            let found = fsck::inspect(&node.db).await.unwrap();
            matches!(found.holds.as_slice(), [only] if only.starts_with(what))
        })
        .await;
        let bytes = noise(1, 200_000);
        let read = node.read_blob(PATH, digest_of(&bytes), None).await;
        assert_eq!(read.unwrap(), bytes, "reads go on");
        node.push_blob(PATH, &noise(3, 100_000)).await;
        assert_eq!(site.objects().len(), 3, "nothing was swept");
        assert_eq!(site.count(SWEPT).await, 0);

        fsck::accept(&node.db).await.unwrap();
        wait_for("the acceptance", async || node.actors.holds().is_empty()).await;
    });
    site.run(async |node| {
        assert!(doubts(&node).await.is_empty(), "an acceptance lasts");
        wait_for("the orphan to go", async || site.objects().len() == 2).await;
    });
}

#[test]
fn an_older_database_under_a_newer_store_is_held_until_accepted() {
    let site = Site::new();
    leave_an_orphan(&site);
    // What an older dump says; the store's marker stays what it was.
    site.run_sql("UPDATE registry_identity SET counter = 0");
    expect_held(&site, "database");
}

#[test]
fn an_acceptance_while_nothing_runs_holds_for_the_next_start() {
    let site = Site::new();
    leave_an_orphan(&site);
    site.run_sql("UPDATE registry_identity SET counter = 0");
    site.run(async |node| fsck::accept(&node.db).await.unwrap());
    site.run_sql("UPDATE registry_identity SET counter = 0, accepted = accepted + 1");
    site.run(async |node| {
        assert!(doubts(&node).await.is_empty());
        wait_for("the orphan to go", async || site.objects().len() == 1).await;
    });
}

#[test]
fn a_clock_far_ahead_of_the_last_heartbeat_is_held_until_accepted() {
    let site = Site::new();
    leave_an_orphan(&site);
    site.run_sql(
        "UPDATE node SET heartbeat_at = heartbeat_at - interval '3 days', \
         stopped_at = stopped_at - interval '3 days'",
    );
    expect_held(&site, "clock");
}

#[test]
fn a_database_that_goes_back_under_a_running_node_is_noticed() {
    let site = Site::new();
    site.run(async |node| {
        assert!(doubts(&node).await.is_empty());
        site.execute("UPDATE registry_identity SET counter = 0")
            .await;
        wait_for("the doubt", async || doubts(&node).await == ["database"]).await;
    });
}

#[test]
fn a_restored_copy_keeps_what_only_the_newer_database_named() {
    let mut site = Site::new();
    site.run(async |node| {
        node.push_blob(PATH, &noise(1, 200_000)).await;
    });
    let older = site.copy_database();
    let newer = noise(2, 200_000);
    site.run(async |node| {
        node.push_blob(PATH, &newer).await;
    });
    assert_eq!(site.objects().len(), 2);
    let present = site.swap_database(older);
    // The first gives the batch of the newer blob's number out again and dies; the second would
    // sweep it.
    for _ in 0..2 {
        site.run(async |node| {
            assert_eq!(doubts(&node).await, ["database"]);
            let read = node.read_blob(PATH, digest_of(&newer), None).await;
            assert!(read.is_err(), "the older database does not know it");
            tokio::time::sleep(Duration::from_millis(500)).await;
        });
    }
    assert_eq!(site.objects().len(), 2, "but its bytes stay");
    site.swap_database(present);
    site.run(async |node| {
        let read = node.read_blob(PATH, digest_of(&newer), None).await;
        assert_eq!(read.unwrap(), newer, "the right database is back");
        assert!(doubts(&node).await.is_empty());
    });
}
