//! Labels of manifests: those that an image's config brings, and those added by the API.
//!
//! A label with a life acts: tags of its manifest end so long after their start.

use serde_json::{Value, json};

use crate::ids::{LabelId, ManifestId};
use crate::query::{queries, record};

record! {
    /// A label.
    pub struct Label {
        /// Its row.
        pub id: LabelId,
        /// Its key.
        pub key: String,
        /// Its value.
        pub value: String,
        /// Where it comes from: `manifest`, `api` or `internal`.
        pub source: String,
        /// What its value is: `text/plain` or `application/json`.
        pub media_type: String,
    }
}

/// A label to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLabel {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What its value is: `text/plain` or `application/json`.
    pub media_type: &'static str,
    /// The life it gives to tags, milliseconds.
    pub expires_after_ms: Option<i64>,
}

/// Labels as `put_manifest` takes them.
pub(crate) fn to_json(labels: &[NewLabel]) -> Option<Value> {
    let entry = |label: &NewLabel| {
        json!({
            "key": label.key,
            "value": label.value,
            "media_type": label.media_type,
            "expires_after_ms": label.expires_after_ms,
        })
    };
    (!labels.is_empty()).then(|| labels.iter().map(entry).collect())
}

queries! {
    /// Lists the labels of a manifest whose keys begin with `prefix`, oldest first.
    fn list_labels(manifest: ManifestId, prefix: &str) -> many Label = LIST_LABELS;
    /// Finds a label of a manifest.
    fn find_label(manifest: ManifestId, label: LabelId) -> maybe Label = FIND_LABEL;
    /// Adds a label by the API.
    fn insert_label(manifest: ManifestId, key: &str, value: &str, media_type: &str, expires_after_ms: Option<i64>) -> one Label = INSERT_LABEL;
    /// Removes a label.
    fn delete_label(label: LabelId) -> changed = DELETE_LABEL;
    /// Lets the live, mutable tags of a manifest end `life_ms` after their start, never before now.
    fn apply_life(manifest: ManifestId, life_ms: i64) -> changed = APPLY_LIFE;
}
