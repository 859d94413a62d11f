//! For how long a manifest is served by digest: by a tag, an index, a subject, a temporary tag.

use std::time::Duration;

use serde_json::json;
use slipway_model::audit::Origin;
use slipway_model::manifest::{NewManifest, Verdict};
use slipway_oci::{Digest, TagName};

use crate::support::{Site, new_manifest, tagged};

/// Pushed by digest with a temporary tag that has ended already.
fn unheld(text: &str) -> NewManifest {
    NewManifest {
        temporary_ms: 0,
        ..new_manifest(text)
    }
}

async fn until(site: &Site, digest: &Digest) -> Option<i64> {
    site.find(digest).await.map(|found| found.served_until_ms)
}

async fn push(site: &Site, new: &NewManifest) -> Digest {
    assert!(matches!(site.put(new).await, Verdict::Done(_)));
    new.digest
}

async fn untag(site: &Site, tag: &str) {
    let tag = TagName::parse(tag).unwrap();
    let (db, origin, metadata) = (&site.db, Origin::default(), json!({}));
    let verdict = slipway_model::tag::delete_tag(db, site.repository, &tag, &origin, &metadata);
    assert_eq!(verdict.await.unwrap(), Verdict::Done(vec![]));
}

#[tokio::test]
async fn a_tag_serves_until_it_ends() {
    let site = Site::new().await;
    let image = push(&site, &tagged("image", &["v1", "v2"])).await;
    assert_eq!(until(&site, &image).await, Some(i64::MAX));
    untag(&site, "v1").await;
    assert_eq!(until(&site, &image).await, Some(i64::MAX));
    untag(&site, "v2").await;
    assert_eq!(until(&site, &image).await, None);
}

#[tokio::test]
async fn a_push_by_digest_is_served_for_its_temporary_life() {
    let site = Site::new().await;
    let mut image = new_manifest("image");
    image.temporary_ms = 400;
    push(&site, &image).await;
    let now_ms = site
        .count("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        .await;
    let end_ms = until(&site, &image.digest).await.unwrap();
    assert!(
        (now_ms - 400..=now_ms + 400).contains(&end_ms),
        "{now_ms} {end_ms}"
    );
    tokio::time::sleep(Duration::from_millis(450)).await;
    assert_eq!(until(&site, &image.digest).await, None);
}

#[tokio::test]
async fn a_repeated_push_by_digest_renews_its_temporary_life() {
    let site = Site::new().await;
    let mut image = new_manifest("image");
    image.temporary_ms = 60_000;
    push(&site, &image).await;
    let first = until(&site, &image.digest).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    push(&site, &image).await;
    assert!(until(&site, &image.digest).await.unwrap() > first);
    assert_eq!(site.count("SELECT count(*) FROM tag").await, 1);
}

#[tokio::test]
async fn a_child_is_served_by_its_index_through_all_levels() {
    let site = Site::new().await;
    let child = push(&site, &unheld("child")).await;
    assert_eq!(until(&site, &child).await, None);
    let mut inner = unheld("inner");
    inner.children = vec![child];
    push(&site, &inner).await;
    let mut outer = tagged("outer", &["v1"]);
    outer.children = vec![inner.digest];
    push(&site, &outer).await;
    assert_eq!(until(&site, &child).await, Some(i64::MAX));
    assert_eq!(until(&site, &inner.digest).await, Some(i64::MAX));
    untag(&site, "v1").await;
    assert_eq!(until(&site, &child).await, None);
}

#[tokio::test]
async fn a_referrer_is_served_by_its_subject() {
    let site = Site::new().await;
    let child = push(&site, &unheld("child")).await;
    let mut signature = unheld("signature");
    signature.subject = Some(child);
    push(&site, &signature).await;
    let mut of_signature = unheld("signature of the signature");
    of_signature.subject = Some(signature.digest);
    push(&site, &of_signature).await;
    assert_eq!(until(&site, &of_signature.digest).await, None);

    let mut index = tagged("index", &["v1"]);
    index.children = vec![child];
    push(&site, &index).await;
    assert_eq!(until(&site, &of_signature.digest).await, Some(i64::MAX));
    assert_eq!(
        site.delete(&index.digest, false).await,
        Verdict::Done(vec!["v1".to_owned()])
    );
    assert_eq!(until(&site, &of_signature.digest).await, None);
}

#[tokio::test]
async fn a_subject_is_not_served_by_its_referrer() {
    let site = Site::new().await;
    let subject = push(&site, &unheld("subject")).await;
    let mut signature = tagged("signature", &["sig"]);
    signature.subject = Some(subject);
    push(&site, &signature).await;
    assert_eq!(until(&site, &subject).await, None);
}

#[tokio::test]
async fn manifests_about_each_other_end() {
    let site = Site::new().await;
    let (mut one, mut two) = (unheld("one"), unheld("two"));
    one.subject = Some(two.digest);
    two.subject = Some(one.digest);
    push(&site, &one).await;
    push(&site, &two).await;
    assert_eq!(until(&site, &one.digest).await, None);
    let mut tagged_two = tagged("two", &["v1"]);
    tagged_two.subject = two.subject;
    push(&site, &tagged_two).await;
    assert_eq!(until(&site, &one.digest).await, Some(i64::MAX));
}

#[tokio::test]
async fn a_deleted_manifest_serves_nothing_below_it() {
    let site = Site::new().await;
    let child = push(&site, &unheld("child")).await;
    let mut index = tagged("index", &["v1"]);
    index.children = vec![child];
    push(&site, &index).await;
    site.delete(&index.digest, false).await;
    assert_eq!(until(&site, &index.digest).await, None);
    assert_eq!(until(&site, &child).await, None);
}
