//! Labels of manifests: reading, adding and removing them, and what they mean for tags.
//!
//! Labels of an image's config are taken over when its manifest is pushed and stay as they are;
//! others come and go by the API. `quay.expires-after` acts: a tag that begins to point at the
//! manifest ends so long after, and when the API adds it, so do the tags that live.

use actix::prelude::*;
use serde_json::{Value, json};
use slipway_model::label::{self, Label, NewLabel};
use slipway_model::{LabelId, ManifestId, Run, manifest};
use slipway_oci::{Digest, ImageConfig};

use super::edit::{Author, Change, Needs, with};
use super::{Reader, RepositoryActor, RepositoryError};
use crate::deps::{Settings, TagLife};
use crate::kernel::enqueue;

/// The label that says how long tags live.
const EXPIRES_AFTER: &str = "quay.expires-after";
/// Beginnings of keys that nobody may add by the API.
const RESERVED: [&str; 12] = [
    "com.docker.",
    "io.docker.",
    "org.dockerproject.",
    "org.opencontainers.",
    "io.cncf.",
    "io.kubernetes.",
    "io.k8s.",
    "io.quay",
    "com.coreos",
    "com.tectonic",
    "internal",
    "quay",
];
const MAX_KEY_BYTES: usize = 255;
const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";

/// The labels that a push takes over from a config.
pub(super) fn labels_of(config: Option<&ImageConfig>, bounds: TagLife) -> Vec<NewLabel> {
    let labels = config.map_or(&[][..], |config| config.labels.as_slice());
    labels
        .iter()
        .map(|(key, value)| NewLabel {
            // PostgreSQL keeps no zero bytes in text.
            key: key.replace('\0', "\u{fffd}"),
            value: value.replace('\0', "\u{fffd}"),
            media_type: media_type_of(value),
            expires_after_ms: acting_life_ms(key, value, bounds),
        })
        .collect()
}

/// What a value looks like: a JSON object or list, or plain text.
fn media_type_of(value: &str) -> &'static str {
    let is_framed = (value.starts_with('{') && value.ends_with('}'))
        || (value.starts_with('[') && value.ends_with(']'));
    if is_framed && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok() {
        JSON
    } else {
        PLAIN
    }
}

/// The life that a label gives to tags, within the bounds; `None` when it is not about that.
fn acting_life_ms(key: &str, value: &str, bounds: TagLife) -> Option<i64> {
    if key != EXPIRES_AFTER {
        return None;
    }
    let value = value.trim();
    let unit = value.chars().next_back()?;
    let unit_ms: i64 = match unit {
        's' => 1000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        'y' => 365 * 86_400_000,
        _ => return None,
    };
    let digits = value.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().unwrap_or(i64::MAX);
    Some(bounds.clamp(count.saturating_mul(unit_ms)))
}

/// Says whether a key is one: lower case letters and digits, between them single dots and dashes.
fn is_key(key: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut parts = key.split(['.', '-']);
    key.len() <= MAX_KEY_BYTES
        && parts.all(|part| !part.is_empty() && part.as_bytes().iter().all(is_word))
}

fn check_key(key: &str, settings: &Settings) -> Result<(), RepositoryError> {
    let custom = settings.reserved_label_prefixes.iter().map(String::as_str);
    let mut prefixes = RESERVED.into_iter().chain(custom);
    if key != EXPIRES_AFTER && prefixes.any(|prefix| key.starts_with(prefix)) {
        return Err(RepositoryError::LabelReserved(key.to_owned()));
    }
    if !is_key(key) {
        return Err(RepositoryError::LabelKey(key.to_owned()));
    }
    Ok(())
}

/// Asks for the labels of a manifest.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Label>, RepositoryError>")]
pub struct ListLabels {
    /// The manifest.
    pub digest: Digest,
    /// Only those whose keys begin with this.
    pub prefix: String,
}

impl Handler<ListLabels> for RepositoryActor {
    type Result = ResponseFuture<Result<Vec<Label>, RepositoryError>>;

    fn handle(&mut self, msg: ListLabels, _: &mut Context<Self>) -> Self::Result {
        self.count(false);
        let reader = self.reader();
        Box::pin(async move {
            let id = served(&reader, &msg.digest).await?;
            Ok(label::list_labels(reader.db(), id, &msg.prefix).await?)
        })
    }
}

/// Asks for one label of a manifest.
#[derive(Debug, Message)]
#[rtype(result = "Result<Label, RepositoryError>")]
pub struct GetLabel {
    /// The manifest.
    pub digest: Digest,
    /// Which.
    pub id: LabelId,
}

impl Handler<GetLabel> for RepositoryActor {
    type Result = ResponseFuture<Result<Label, RepositoryError>>;

    fn handle(&mut self, msg: GetLabel, _: &mut Context<Self>) -> Self::Result {
        self.count(false);
        let reader = self.reader();
        Box::pin(async move {
            let manifest = served(&reader, &msg.digest).await?;
            get_label(reader.db(), manifest, msg.id).await
        })
    }
}

async fn served(reader: &Reader, digest: &Digest) -> Result<ManifestId, RepositoryError> {
    let (id, _) = reader.open().await?;
    let found = manifest::find_served_id(reader.db(), id, &digest.to_db()).await?;
    found.ok_or_else(|| RepositoryError::ManifestUnknown(digest.to_string()))
}

async fn get_label(
    run: &impl Run,
    manifest: ManifestId,
    id: LabelId,
) -> Result<Label, RepositoryError> {
    let found = label::find_label(run, manifest, id).await?;
    found.ok_or_else(|| RepositoryError::LabelUnknown(id.to_string()))
}

/// Adds a label to a manifest.
#[derive(Debug, Message)]
#[rtype(result = "Result<Label, RepositoryError>")]
pub struct AddLabel {
    /// The manifest.
    pub digest: Digest,
    /// The label's key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether its value is JSON; `None` to look at it.
    pub is_json: Option<bool>,
    /// Who.
    pub author: Author,
}

impl Handler<AddLabel> for RepositoryActor {
    type Result = ResponseFuture<Result<Label, RepositoryError>>;

    fn handle(&mut self, msg: AddLabel, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move { add(&reader, &msg).await }
        };
        enqueue(self, ctx, plan, Self::apply_change)
    }
}

async fn add(reader: &Reader, msg: &AddLabel) -> Result<Label, RepositoryError> {
    let settings = &reader.deps.settings;
    let mut connection = reader.db().connection().await?;
    let change = Change::begin(&mut connection, reader, &msg.author, Needs::Normal).await?;
    let manifest = served_in(&change, &msg.digest).await?;
    check_key(&msg.key, settings)?;
    let media_type = match msg.is_json {
        Some(true) => JSON,
        Some(false) => PLAIN,
        None => media_type_of(&msg.value),
    };
    let life_ms = acting_life_ms(&msg.key, &msg.value, settings.tag_life);
    let (transaction, key, value) = (&change.transaction, &*msg.key, &*msg.value);
    let added = label::insert_label(transaction, manifest, key, value, media_type, life_ms).await?;
    if let Some(life_ms) = life_ms {
        label::apply_life(transaction, manifest, life_ms).await?;
    }
    let more = json!({ "media_type": added.media_type });
    let metadata = with(describe(&change, &msg.digest, &added), &more);
    change.log("manifest_label_add", metadata).await?;
    change.commit().await?;
    Ok(added)
}

async fn served_in(change: &Change<'_>, digest: &Digest) -> Result<ManifestId, RepositoryError> {
    let found = manifest::find_served_id(&change.transaction, change.id, &digest.to_db()).await?;
    found.ok_or_else(|| RepositoryError::ManifestUnknown(digest.to_string()))
}

/// What the usage log says of a label.
fn describe(change: &Change<'_>, digest: &Digest, label: &Label) -> Value {
    let more = json!({
        "id": label.id,
        "key": label.key,
        "value": label.value,
        "manifest_digest": digest.to_string(),
    });
    with(change.place(), &more)
}

/// Removes a label that the API added.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct DeleteLabel {
    /// The manifest.
    pub digest: Digest,
    /// Which.
    pub id: LabelId,
    /// Who.
    pub author: Author,
}

impl Handler<DeleteLabel> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: DeleteLabel, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move { delete(&reader, &msg).await }
        };
        enqueue(self, ctx, plan, Self::apply_change)
    }
}

async fn delete(reader: &Reader, msg: &DeleteLabel) -> Result<(), RepositoryError> {
    let mut connection = reader.db().connection().await?;
    let change = Change::begin(&mut connection, reader, &msg.author, Needs::Normal).await?;
    let manifest = served_in(&change, &msg.digest).await?;
    let found = get_label(&change.transaction, manifest, msg.id).await?;
    if found.source == "manifest" {
        return Err(RepositoryError::LabelImmutable(found.key));
    }
    label::delete_label(&change.transaction, found.id).await?;
    let metadata = describe(&change, &msg.digest, &found);
    change.log("manifest_label_delete", metadata).await?;
    change.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BOUNDS: TagLife = TagLife {
        min: Duration::from_secs(60),
        max: Duration::from_secs(1_000_000),
    };

    #[test]
    fn a_life_is_a_number_and_a_unit_within_the_bounds() {
        let life = |text: &str| acting_life_ms(EXPIRES_AFTER, text, BOUNDS);
        assert_eq!(life("2h"), Some(7_200_000));
        assert_eq!(life("90s"), Some(90_000));
        assert_eq!(life("1s"), Some(60_000));
        assert_eq!(life("1w"), Some(604_800_000));
        assert_eq!(life("3y"), Some(1_000_000_000));
        assert_eq!(life("99999999999999999999d"), Some(1_000_000_000));
        for text in ["", "h", "2", "-1h", "1.5h", "2 h", "2hours", "2H", "é"] {
            assert_eq!(life(text), None, "{text}");
        }
        assert_eq!(acting_life_ms("expires-after", "2h", BOUNDS), None);
    }

    #[test]
    fn keys_are_words_between_single_dots_and_dashes() {
        for key in ["a", "owner", "a-b.c-1", "com.example.json"] {
            assert!(is_key(key), "{key}");
        }
        let long = "a".repeat(256);
        for key in [
            "", "A", "a_b", ".a", "a.", "a..b", "a-.b", "a b", "é", &long,
        ] {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn only_whole_json_is_called_json() {
        assert_eq!(media_type_of(r#"{"a":1}"#), JSON);
        assert_eq!(media_type_of("[1]"), JSON);
        for text in ["{a}", "1", "\"x\"", "", "{", "[1]x"] {
            assert_eq!(media_type_of(text), PLAIN, "{text}");
        }
    }
}
