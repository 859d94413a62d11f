//! The verdicts of publishing and ending manifests.

use serde_json::json;
use slipway_model::RepositoryId;
use slipway_model::audit::Origin;
use slipway_model::manifest::{self, Verdict, list_referrers};
use slipway_oci::Digest;

use crate::support::{Site, digest_of, make_repository, new_manifest, put, tagged};

fn done(ended: &[&str]) -> Verdict {
    Verdict::Done(ended.iter().map(|tag| (*tag).to_owned()).collect())
}

#[tokio::test]
async fn a_published_manifest_reads_back() {
    let site = Site::new().await;
    let layer = site.blob("layer").await;
    let mut image = tagged("image", &["v1", "latest"]);
    image.blobs = vec![(layer, 5)];
    assert_eq!(site.put(&image).await, done(&[]));
    let found = site.find(&image.digest).await.unwrap();
    assert_eq!(found.bytes, image.bytes);
    assert_eq!(found.media_type, image.media_type);
    assert_eq!(found.served_until_ms, i64::MAX);
    assert_eq!(site.put(&image).await, done(&[]), "again changes nothing");
    assert_eq!(site.count("SELECT count(*) FROM tag").await, 2);
    let logged = "SELECT count(*) FROM usage_log WHERE kind = 'push_repo'";
    assert_eq!(site.count(logged).await, 2);
}

#[tokio::test]
async fn a_repository_that_is_gone_takes_nothing() {
    let site = Site::new().await;
    let verdict = put(&site.db, RepositoryId(4711), &tagged("image", &["v1"])).await;
    assert_eq!(verdict, Verdict::Unknown);
}

#[tokio::test]
async fn a_repository_in_another_state_takes_nothing() {
    let site = Site::new().await;
    let image = tagged("image", &["v1"]);
    site.put(&image).await;
    site.execute("UPDATE repository SET state = 'READ_ONLY'")
        .await;
    let state = Verdict::State("READ_ONLY".to_owned());
    assert_eq!(site.put(&tagged("other", &["v1"])).await, state);
    assert_eq!(site.delete(&image.digest, false).await, state);
    assert_eq!(delete_tag(&site, "v1").await, state);
    assert!(site.find(&image.digest).await.is_some());
}

#[tokio::test]
async fn missing_blobs_are_named_also_when_another_repository_has_them() {
    let site = Site::new().await;
    let here = site.blob("here").await;
    let other = make_repository(&site.db, "acme/other").await;
    let mut image = tagged("image", &["v1"]);
    image.blobs = vec![(here, 4), (digest_of("absent"), 6)];
    let verdict = Verdict::MissingBlobs(vec![digest_of("absent")]);
    assert_eq!(site.put(&image).await, verdict);
    image.blobs = vec![(here, 4)];
    assert_eq!(
        put(&site.db, other, &image).await,
        Verdict::MissingBlobs(vec![here])
    );
    site.execute("UPDATE blob SET state = 1").await;
    assert_eq!(
        site.put(&image).await,
        Verdict::MissingBlobs(vec![here]),
        "condemned"
    );
    assert_eq!(site.count("SELECT count(*) FROM manifest").await, 0);
    assert_eq!(site.count("SELECT count(*) FROM tag").await, 0);
}

#[tokio::test]
async fn wrong_sizes_are_named() {
    let site = Site::new().await;
    let (one, two) = (site.blob("one").await, site.blob("two").await);
    let mut image = tagged("image", &["v1"]);
    image.blobs = vec![(one, 3), (two, 99)];
    assert_eq!(site.put(&image).await, Verdict::WrongSizes(vec![two]));
    assert!(site.find(&image.digest).await.is_none());
}

#[tokio::test]
async fn missing_children_are_named_unless_the_index_may_be_sparse() {
    let site = Site::new().await;
    let child = new_manifest("child");
    site.put(&child).await;
    let mut index = tagged("index", &["v1"]);
    index.children = vec![child.digest, digest_of("absent")];
    let missing = Verdict::MissingChildren(vec![digest_of("absent")]);
    assert_eq!(site.put(&index).await, missing);
    index.sparse_allowed = true;
    assert_eq!(site.put(&index).await, done(&[]));
}

#[tokio::test]
async fn an_immutable_tag_keeps_its_manifest() {
    let site = Site::new().await;
    let image = tagged("image", &["v1"]);
    site.put(&image).await;
    site.execute("UPDATE tag SET immutable = true").await;
    let refused = Verdict::Immutable("v1".to_owned());
    assert_eq!(site.put(&tagged("other", &["v0", "v1"])).await, refused);
    assert_eq!(
        site.put(&image).await,
        done(&[]),
        "the same manifest is fine"
    );
    assert_eq!(site.delete(&image.digest, false).await, refused);
    assert_eq!(delete_tag(&site, "v1").await, refused);
    assert!(site.find(&digest_of("other")).await.is_none());
    assert_eq!(site.count("SELECT count(*) FROM tag").await, 1);
}

#[tokio::test]
async fn a_moved_tag_is_reported() {
    let site = Site::new().await;
    site.put(&tagged("one", &["v1", "latest"])).await;
    let verdict = site.put(&tagged("two", &["latest", "v2"])).await;
    assert_eq!(verdict, done(&["latest"]));
}

#[tokio::test]
async fn a_delete_ends_every_tag_and_stops_serving() {
    let site = Site::new().await;
    let image = tagged("image", &["b", "a"]);
    site.put(&image).await;
    assert_eq!(site.delete(&image.digest, false).await, done(&["a", "b"]));
    assert!(site.find(&image.digest).await.is_none());
    assert_eq!(site.delete(&image.digest, false).await, Verdict::Unknown);
    assert_eq!(
        site.delete(&digest_of("never"), false).await,
        Verdict::Unknown
    );
    assert_eq!(
        site.put(&image).await,
        done(&[]),
        "a new push brings it back"
    );
    assert!(site.find(&image.digest).await.is_some());
}

#[tokio::test]
async fn several_tags_hold_a_manifest_when_told_so() {
    let site = Site::new().await;
    let image = tagged("image", &["b", "a"]);
    site.put(&image).await;
    let siblings = Verdict::Siblings(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(site.delete(&image.digest, true).await, siblings);
    assert!(site.find(&image.digest).await.is_some());
    assert_eq!(delete_tag(&site, "b").await, done(&[]));
    assert_eq!(site.delete(&image.digest, true).await, done(&["a"]));
}

#[tokio::test]
async fn a_served_index_holds_its_children() {
    let site = Site::new().await;
    let child = tagged("child", &["amd64"]);
    site.put(&child).await;
    let mut index = tagged("index", &["v1"]);
    index.children = vec![child.digest];
    site.put(&index).await;
    let parents = Verdict::Parents(vec![index.digest]);
    assert_eq!(site.delete(&child.digest, false).await, parents);
    assert_eq!(site.delete(&index.digest, false).await, done(&["v1"]));
    assert_eq!(site.delete(&child.digest, false).await, done(&["amd64"]));
}

#[tokio::test]
async fn referrers_are_paged_and_filtered() {
    let site = Site::new().await;
    let subject = tagged("subject", &["v1"]);
    site.put(&subject).await;
    let mut pushed = Vec::new();
    for number in 0..5 {
        let mut referrer = new_manifest(&format!("referrer {number}"));
        referrer.subject = Some(subject.digest);
        referrer.artifact_type = Some(format!("type/{}", number % 2));
        referrer.annotations = Some(json!({ "number": number.to_string() }));
        site.put(&referrer).await;
        pushed.push(referrer.digest);
    }
    let list = |artifact_type, after, limit| {
        let (db, subject) = (&site.db, &subject.digest);
        async move {
            list_referrers(db, site.repository, subject, artifact_type, after, limit)
                .await
                .unwrap()
        }
    };
    let digests = |page: &[manifest::Referrer]| -> Vec<Digest> {
        page.iter().map(|one| one.digest).collect()
    };
    let first = list(None, 0, 2).await;
    assert_eq!(digests(&first), pushed[..2]);
    assert_eq!(first[1].annotations, Some(json!({ "number": "1" })));
    assert_eq!(first[1].size_bytes, 10);
    let rest = list(None, first[1].id, 100).await;
    assert_eq!(digests(&rest), pushed[2..]);
    let odd = list(Some("type/1"), 0, 100).await;
    assert_eq!(digests(&odd), [pushed[1], pushed[3]]);
    site.delete(&pushed[1], false).await;
    assert_eq!(digests(&list(Some("type/1"), 0, 100).await), [pushed[3]]);
}

async fn delete_tag(site: &Site, tag: &str) -> Verdict {
    let tag = slipway_oci::TagName::parse(tag).unwrap();
    let origin = Origin::default();
    slipway_model::tag::delete_tag(&site.db, site.repository, &tag, &origin, &json!({}))
        .await
        .unwrap()
}
