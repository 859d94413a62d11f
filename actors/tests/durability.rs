//! What a power cut may have taken, when bytes were left with the operating system.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use bytes::Bytes;
use slipway_actors::UploadId;
use slipway_actors::repository::{FindBlob, MountBlob, MountFrom, RepositoryError};
use slipway_oci::{Algorithm, Digest};

use crate::support::{Node, Site, digest_of, image, name, noise, wait_for};

const PATH: &str = "acme/web";
const SUSPECTS: &str = "SELECT count(*) FROM blob WHERE state = 3";
const LOST: &str = "SELECT count(*) FROM blob WHERE state = 4";

/// Writes other bytes into an object, as a file system may that lost some.
fn damage(object: &PathBuf) {
    let size = std::fs::metadata(object).unwrap().len();
    std::fs::write(object, vec![0; usize::try_from(size).unwrap()]).unwrap();
}

/// The one object that is new since `known` was listed.
fn newest(site: &Site, known: &[PathBuf]) -> PathBuf {
    let mut new = site.objects();
    new.retain(|object| !known.contains(object));
    assert_eq!(new.len(), 1);
    new.remove(0)
}

/// Leaves two blobs with the operating system and answers them with their objects.
fn push_two(site: &Site) -> [(Bytes, PathBuf); 2] {
    let pushed = RefCell::new(Vec::new());
    site.run(async |node| {
        for seed in [1, 2] {
            let known = site.objects();
            let bytes = noise(seed, 200_000);
            node.push_blob(PATH, &bytes).await;
            pushed.borrow_mut().push((bytes, newest(site, &known)));
        }
    });
    pushed.into_inner().try_into().unwrap()
}

async fn is_here(node: &Node, digest: Digest) -> Result<bool, RepositoryError> {
    match node
        .actors
        .ask_repository(&name(PATH), FindBlob { digest })
        .await
    {
        Ok(_) => Ok(true),
        Err(RepositoryError::BlobUnknown(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

#[test]
fn damaged_bytes_are_never_served_and_are_stored_anew_by_a_push() {
    let site = Site::new();
    site.boots("one");
    let [(good, _), (bad, object)] = push_two(&site);
    damage(&object);
    site.boots("two");
    site.run(async |node| {
        let refused = node.read_blob(PATH, digest_of(&bad), None).await;
        assert!(
            matches!(refused, Err(RepositoryError::BlobUnknown(_))),
            "{refused:?}"
        );
        assert!(!is_here(&node, digest_of(&bad)).await.unwrap());
        assert_eq!(
            node.read_blob(PATH, digest_of(&good), None).await.unwrap(),
            good
        );
        assert_eq!((site.count(SUSPECTS).await, site.count(LOST).await), (0, 1));

        node.push_blob(PATH, &bad).await;
        assert_eq!(
            node.read_blob(PATH, digest_of(&bad), None).await.unwrap(),
            bad
        );
        assert_eq!(site.count(LOST).await, 0);
    });
    site.run(async |node| {
        wait_for("the damaged object to go", async || !object.exists()).await;
        let read = node.read_blob(PATH, digest_of(&bad), None).await;
        assert_eq!(read.unwrap(), bad);
    });
}

#[test]
fn an_object_that_is_short_or_gone_is_a_lost_blob() {
    let site = Site::new();
    site.boots("one");
    let [(short, cut), (gone, removed)] = push_two(&site);
    std::fs::OpenOptions::new()
        .write(true)
        .open(cut)
        .unwrap()
        .set_len(10)
        .unwrap();
    std::fs::remove_file(removed).unwrap();
    site.boots("two");
    site.run(async |node| {
        assert!(!is_here(&node, digest_of(&short)).await.unwrap());
        assert!(!is_here(&node, digest_of(&gone)).await.unwrap());
    });
}

#[test]
fn all_suspects_are_checked_in_the_background() {
    let site = Site::new();
    site.boots("one");
    let [_, (_, object)] = push_two(&site);
    damage(&object);
    site.boots("two");
    site.run(async |_node| {
        wait_for("the checks", async || {
            site.count(SUSPECTS).await == 0 && site.count(LOST).await == 1
        })
        .await;
    });
}

#[test]
fn a_read_after_the_check_asks_the_database_no_more() {
    let site = Site::new();
    site.boots("one");
    let [(bytes, _), _] = push_two(&site);
    site.boots("two");
    site.run(async |node| {
        node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
        let misses = node.misses(PATH).await;
        for _ in 0..5 {
            node.read_blob(PATH, digest_of(&bytes), None).await.unwrap();
        }
        assert_eq!(node.misses(PATH).await, misses);
    });
}

#[test]
fn a_mount_or_a_manifest_relies_on_a_suspect_only_when_it_is_whole() {
    let site = Site::new();
    site.boots("one");
    let [(good, _), (bad, object)] = push_two(&site);
    let config = Bytes::from_static(b"{}");
    site.boots("two");
    site.run(async |node| {
        node.push_blob(PATH, &config).await;
    });
    damage(&object);
    // Nobody has looked yet: both are made suspect again, and the pass of this node comes later.
    site.boots("three");
    site.run(async |node| {
        let sql = "UPDATE blob SET state = 3 WHERE inline_bytes IS NULL";
        site.execute(sql).await;
        let pushed = node.push_manifest(PATH, &["good"], &image(&config, std::slice::from_ref(&good))).await;
        pushed.unwrap();
        let refused = node.push_manifest(PATH, &["bad"], &image(&config, std::slice::from_ref(&bad))).await;
        assert!(
            matches!(&refused, Err(RepositoryError::BlobsMissing(missing)) if *missing == [digest_of(&bad)]),
            "{refused:?}"
        );
        site.execute("UPDATE blob SET state = 3 WHERE inline_bytes IS NULL").await;
        node.push_blob("acme/other", &config).await;
        for (bytes, is_whole) in [(&good, true), (&bad, false)] {
            let msg = MountBlob {
                digest: digest_of(bytes),
                from: MountFrom { repository: None, account: None, reads_everything: true },
            };
            let mounted = node.actors.ask_repository(&name("acme/other"), msg).await;
            assert_eq!(mounted.unwrap(), is_whole);
        }
    });
}

#[test]
fn after_a_clean_stop_or_within_a_boot_nothing_is_suspect() {
    for (next, is_clean) in [("two", true), ("one", false)] {
        let site = Site::new();
        site.boots("one");
        site.run(async |node| {
            node.push_blob(PATH, &noise(1, 200_000)).await;
            if is_clean {
                node.actors.stop().await;
            }
        });
        site.boots(next);
        site.run(async |node| {
            assert_eq!(site.count(SUSPECTS).await, 0);
            // The first sync of the new node covers what the dead one left.
            wait_for("the mark of the dead node", async || {
                let behind = "SELECT count(*) FROM node WHERE durable_mark < 9223372036854775807";
                site.count(behind).await == 1
            })
            .await;
            assert!(node.actors.confirmed_ago().is_some());
        });
        site.boots("three");
        site.run(async |_node| assert_eq!(site.count(SUSPECTS).await, 0));
    }
}

#[test]
fn what_the_mark_covers_is_not_hashed_again() {
    let site = Site::new();
    site.boots("one");
    site.run(async |node| {
        node.push_blob(PATH, &noise(1, 200_000)).await;
        let covered = "SELECT count(*) FROM node WHERE durable_mark >= (SELECT max(id) FROM blob)";
        wait_for("the mark", async || site.count(covered).await == 1).await;
    });
    site.boots("two");
    site.run(async |_node| assert_eq!(site.count(SUSPECTS).await, 0));
}

#[test]
fn a_saved_upload_claims_only_bytes_that_are_on_disk() {
    let site = Site::new();
    site.boots("one");
    let id = Cell::new(UploadId::nil());
    site.run(async |node| {
        id.set(node.start_upload(PATH, Algorithm::Sha256).await);
        node.append(PATH, id.get(), None, &noise(1, 200_000))
            .await
            .unwrap();
        wait_for("the upload to be saved", async || {
            site.count("SELECT count(*) FROM upload").await == 1
        })
        .await;
        let covered = format!("file {} 200000\n", site.objects()[0].display());
        assert!(site.journal().contains(&covered), "{}", site.journal());
    });
}
