//! Lists of tags, and the history of tags against a model of it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use slipway_model::audit::Origin;
use slipway_model::manifest::{Verdict, find_manifest};
use slipway_model::tag::{delete_tag, find_tag, has_history, list_tags};
use slipway_model::{Database, RepositoryId};
use slipway_oci::TagName;
use slipway_testkit::TestDatabase;

use crate::support::{digest_of, make_repository, put, tagged};

/// Runs `cases` of a property, each in a repository of its own.
fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: &impl AsyncFn(&Database, RepositoryId, S::Value),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (test, db) = runtime.block_on(async {
        let test = TestDatabase::new().await;
        let db = test.database();
        (test, db)
    });
    let number = std::cell::Cell::new(0);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(strategy, |value| {
        number.set(number.get() + 1);
        runtime.block_on(async {
            let path = format!("acme/repo{}", number.get());
            let repository = make_repository(&db, &path).await;
            property(&db, repository, value).await;
        });
        Ok(())
    });
    runtime.block_on(async { drop((db, test)) });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn pages_concatenate_to_the_whole_list_in_byte_order() {
    let names = prop::collection::btree_set("[A-Za-z0-9_][A-Za-z0-9._-]{0,4}", 0..40);
    check(
        40,
        &(names, 1_i64..12),
        &async |db, repository, (names, size)| {
            let tags: Vec<&str> = names.iter().map(String::as_str).collect();
            if !tags.is_empty() {
                put(db, repository, &tagged("image", &tags)).await;
            }
            let mut listed: Vec<String> = Vec::new();
            loop {
                let after = listed.last().map(String::as_str);
                let page = list_tags(db, repository, after, size).await.unwrap();
                let is_last = page.len() < usize::try_from(size).unwrap();
                listed.extend(page);
                if is_last {
                    break;
                }
            }
            // A set of strings is in byte order.
            assert_eq!(listed, Vec::from_iter(names));
        },
    );
}

#[derive(Debug, Clone)]
enum Step {
    Push(&'static str, &'static str),
    EndTag(&'static str),
    EndManifest(&'static str),
}

const TAGS: [&str; 3] = ["a", "b", "c"];
const MANIFESTS: [&str; 3] = ["one", "two", "three"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tag = || prop::sample::select(&TAGS[..]);
    let manifest = || prop::sample::select(&MANIFESTS[..]);
    let step = prop_oneof![
        4 => (tag(), manifest()).prop_map(|(tag, manifest)| Step::Push(tag, manifest)),
        2 => tag().prop_map(Step::EndTag),
        1 => manifest().prop_map(Step::EndManifest),
    ];
    prop::collection::vec(step, 1..20)
}

/// What tags should be.
#[derive(Default)]
struct Model {
    live: BTreeMap<&'static str, &'static str>,
    ever: BTreeSet<&'static str>,
}

impl Model {
    fn apply(&mut self, step: &Step) -> Verdict {
        match *step {
            Step::Push(tag, manifest) => {
                self.ever.insert(tag);
                let old = self.live.insert(tag, manifest);
                let moved = old.filter(|old| *old != manifest).map(|_| tag.to_owned());
                Verdict::Done(moved.into_iter().collect())
            }
            Step::EndTag(tag) => match self.live.remove(tag) {
                Some(_) => Verdict::Done(vec![]),
                None => Verdict::Unknown,
            },
            Step::EndManifest(manifest) => {
                let is_its = |tag: &&str| self.live.get(tag) == Some(&manifest);
                let ended: Vec<String> =
                    TAGS.into_iter().filter(is_its).map(str::to_owned).collect();
                self.live.retain(|_, target| *target != manifest);
                if ended.is_empty() {
                    Verdict::Unknown
                } else {
                    Verdict::Done(ended)
                }
            }
        }
    }
}

async fn run(db: &Database, repository: RepositoryId, step: &Step) -> Verdict {
    let (origin, metadata) = (Origin::default(), json!({}));
    match step {
        Step::Push(tag, manifest) => put(db, repository, &tagged(manifest, &[tag])).await,
        Step::EndTag(tag) => {
            let tag = TagName::parse(tag).unwrap();
            let ended = delete_tag(db, repository, &tag, &origin, &metadata);
            ended.await.unwrap()
        }
        Step::EndManifest(text) => {
            let digest = digest_of(text);
            slipway_model::manifest::delete_manifest(
                db, repository, &digest, false, &origin, &metadata,
            )
            .await
            .unwrap()
        }
    }
}

#[test]
fn the_history_of_tags_follows_the_model() {
    check(40, &steps(), &async |db, repository, steps| {
        let mut model = Model::default();
        for step in &steps {
            let verdict = run(db, repository, step).await;
            assert_eq!(verdict, model.apply(step), "{step:?}");
            for text in TAGS {
                let tag = TagName::parse(text).unwrap();
                let found = find_tag(db, repository, &tag).await.unwrap();
                let wanted = model.live.get(text).map(|target| digest_of(target));
                assert_eq!(found.map(|target| target.digest), wanted, "{text}");
                let history = has_history(db, repository, &tag).await.unwrap();
                assert_eq!(history, model.ever.contains(text));
            }
            for text in MANIFESTS {
                let found = find_manifest(db, repository, &digest_of(text))
                    .await
                    .unwrap();
                let is_live = model.live.values().any(|target| *target == text);
                assert_eq!(found.is_some(), is_live, "{text}");
            }
            let listed = list_tags(db, repository, None, 100).await.unwrap();
            let wanted: Vec<&str> = model.live.keys().copied().collect();
            assert_eq!(listed, wanted);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_of_one_tag_at_once_leave_one_open_span() {
    let site = crate::support::Site::new().await;
    let pushes: Vec<_> = (0..16)
        .map(|number| {
            let (db, repository) = (site.db.clone(), site.repository);
            tokio::spawn(async move {
                put(
                    &db,
                    repository,
                    &tagged(&format!("image {number}"), &["v1"]),
                )
                .await
            })
        })
        .collect();
    let mut moved = 0;
    for push in pushes {
        match push.await.unwrap() {
            Verdict::Done(ended) => moved += ended.len(),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(moved, 15, "each push but the first moved the tag");
    assert_eq!(
        site.count("SELECT count(*) FROM tag WHERE end_ms IS NULL")
            .await,
        1
    );
}
