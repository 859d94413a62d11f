//! Thousands of random changes of tags, by the API and by `/v2`, against a model of a few lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Browser, OCI_MANIFEST, PASSWORD, Repo, sha256, shared};

const STEPS: usize = 2000;
const TAGS: [&str; 4] = ["a", "b", "c", "d"];
const IMAGES: usize = 5;

/// One span: where it pointed, whether it was brought back, whether it lives.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    digest: String,
    reversion: bool,
    lives: bool,
}

/// What should be there: spans of each tag, oldest first.
#[derive(Default)]
struct Model(BTreeMap<&'static str, Vec<Span>>);

impl Model {
    fn live(&self, tag: &str) -> Option<&str> {
        let last = self.0.get(tag)?.last()?;
        last.lives.then_some(last.digest.as_str())
    }

    fn is_served(&self, digest: &str) -> bool {
        self.spans().any(|span| span.lives && span.digest == digest)
    }

    fn is_kept(&self, digest: &str) -> bool {
        self.spans().any(|span| span.digest == digest)
    }

    fn spans(&self) -> impl Iterator<Item = &Span> {
        self.0.values().flatten()
    }

    fn end(&mut self, tag: &'static str) {
        let last = self.0.get_mut(tag).and_then(|spans| spans.last_mut());
        last.expect("a live tag").lives = false;
    }

    fn point(&mut self, tag: &'static str, digest: &str, reversion: bool) {
        match self.live(tag) {
            Some(live) if live == digest => return,
            Some(_) => self.end(tag),
            None => {}
        }
        self.0.entry(tag).or_default().push(Span {
            digest: digest.to_owned(),
            reversion,
            lives: true,
        });
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

struct World<'a> {
    repo: Repo<'a>,
    browser: Browser<'a>,
    manifests: Vec<(String, String)>,
    model: Model,
}

impl World<'_> {
    fn path(&self, tag: &str) -> String {
        format!("/repository/{}/tag/{tag}", self.repo.name)
    }

    /// One random change; what it answers and does must be what the model says.
    fn step(&mut self, dice: &mut Dice) {
        let tag = TAGS[dice.roll(TAGS.len())];
        let (text, digest) = self.manifests[dice.roll(IMAGES)].clone();
        let (is_live, path) = (self.model.live(tag).is_some(), self.path(tag));
        let body = json!({ "manifest_digest": digest });
        match dice.roll(10) {
            0 | 1 => {
                let pushed = self.repo.put_manifest(tag, OCI_MANIFEST, text.as_bytes());
                pushed.expect(201);
                self.model.point(tag, &digest, false);
            }
            2 | 3 => {
                let is_served = self.model.is_served(&digest);
                let status = if is_served { 201 } else { 404 };
                self.browser.put(&path, &body).expect(status);
                if is_served {
                    self.model.point(tag, &digest, false);
                }
            }
            4 | 5 => {
                let is_kept = self.model.is_kept(&digest);
                let status = if is_kept { 200 } else { 404 };
                let restore = format!("{path}/restore");
                self.browser.post(&restore, &body).expect(status);
                if is_kept {
                    self.model.point(tag, &digest, true);
                }
            }
            6 => {
                let status = if is_live { 204 } else { 404 };
                self.browser.delete(&path).expect(status);
                if is_live {
                    self.model.end(tag);
                }
            }
            7 => {
                let status = if is_live { 202 } else { 404 };
                let below = format!("manifests/{tag}");
                self.repo.request("DELETE", &below).send().expect(status);
                if is_live {
                    self.model.end(tag);
                }
            }
            8 => self.delete_by_digest(&digest),
            _ => self.purge(tag, &digest),
        }
    }

    fn delete_by_digest(&mut self, digest: &str) {
        let is_served = self.model.is_served(digest);
        let below = format!("manifests/{digest}");
        let status = if is_served { 202 } else { 404 };
        self.repo.request("DELETE", &below).send().expect(status);
        for span in self.model.0.values_mut().flatten() {
            span.lives &= span.digest != digest;
        }
    }

    fn purge(&mut self, tag: &'static str, digest: &str) {
        let spans = self.model.0.entry(tag).or_default();
        let before = spans.len();
        spans.retain(|span| span.lives || span.digest != digest);
        let status = if spans.len() < before { 200 } else { 404 };
        let path = format!("{}/expire", self.path(tag));
        let body = json!({ "manifest_digest": digest });
        self.browser.post(&path, &body).expect(status);
    }

    /// Pulls by one tag and one digest.
    fn check_pulls(&self, dice: &mut Dice) {
        let tag = TAGS[dice.roll(TAGS.len())];
        let answer = self.repo.get(&format!("manifests/{tag}"));
        let had_spans = self.model.0.get(tag).is_some_and(|spans| !spans.is_empty());
        match self.model.live(tag) {
            Some(digest) => {
                assert_eq!(
                    answer.header("docker-content-digest"),
                    Some(digest),
                    "{tag}"
                );
            }
            None if had_spans => assert_eq!(answer.code(), "TAG_EXPIRED", "{tag}"),
            None => assert_eq!(answer.code(), "MANIFEST_UNKNOWN", "{tag}"),
        }
        let (_, digest) = &self.manifests[dice.roll(IMAGES)];
        let status = if self.model.is_served(digest) {
            200
        } else {
            404
        };
        let answer = self.repo.head(&format!("manifests/{digest}"));
        assert_eq!(answer.status, status, "{digest}");
    }

    /// Compares all that can be listed.
    fn check_lists(&mut self) {
        for tag in TAGS {
            let spans = self.model.0.get(tag).cloned().unwrap_or_default();
            let path = format!(
                "/repository/{}/tag/?specificTag={tag}&limit=100",
                self.repo.name
            );
            let answer = self.browser.get(&path).expect(200).json();
            let listed: Vec<Span> = answer["tags"]
                .as_array()
                .unwrap()
                .iter()
                .map(read_span)
                .collect();
            let newest: Vec<Span> = spans.into_iter().rev().take(100).collect();
            assert_eq!(listed, newest, "{tag}");
        }
        let live: Vec<&str> = TAGS
            .into_iter()
            .filter(|tag| self.model.live(tag).is_some())
            .collect();
        let listed = self.repo.get("tags/list").json();
        assert_eq!(listed["tags"], json!(live));
    }
}

fn read_span(entry: &Value) -> Span {
    Span {
        digest: entry["manifest_digest"].as_str().unwrap().to_owned(),
        reversion: entry["reversion"] == true,
        lives: entry.get("end_ts").is_none(),
    }
}

#[test]
fn random_changes_of_tags_agree_with_the_model() {
    let server = shared();
    let repo = server.repo("tag-model");
    let manifests = (0..IMAGES).map(|number| {
        let layer = format!("layer of image {number}");
        let text = repo.image_of(layer.as_bytes()).to_string();
        let digest = sha256(text.as_bytes());
        (text, digest)
    });
    let mut world = World {
        manifests: manifests.collect(),
        browser: Browser::sign_in(server, ACCOUNT, PASSWORD),
        model: Model::default(),
        repo: repo.clone(),
    };
    let mut dice = Dice(0x5eed_0f7a_65d1_ce00);
    for number in 0..STEPS {
        world.step(&mut dice);
        world.check_pulls(&mut dice);
        if number % 50 == 0 {
            world.check_lists();
        }
    }
    world.check_lists();
}
