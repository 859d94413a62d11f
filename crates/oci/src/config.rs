//! Reading the config of an image: its labels, and how each layer came to be.
//!
//! A config is a blob like others, and nothing says that it is what its media type claims, so
//! [`ImageConfig::parse`] reads what it finds in the shape of an image's config and leaves the rest
//! aside; only a document that is no JSON object is refused. Source: OCI image-spec, `config.md`.

use serde_json::{Map, Value};

use crate::error::ManifestError;
use crate::json::{JsonLimits, parse_strict};
use crate::media_type::{DOCKER_CONFIG, OCI_CONFIG};

/// The largest config that is read.
pub const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

const LIMITS: JsonLimits = JsonLimits {
    max_depth: 32,
    max_values: 400_000,
};

/// What the config of an image says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// Keys and values of its labels, in byte order of the keys; other values than texts and empty
    /// keys are left out.
    pub labels: Vec<(String, String)>,
    /// The steps that made it, oldest first.
    pub history: Vec<HistoryStep>,
}

/// One step in the making of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryStep {
    /// When, as written there; by the specification in the form of RFC 3339.
    pub created: Option<String>,
    /// The command.
    pub created_by: Option<String>,
    /// Who.
    pub author: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub is_empty_layer: bool,
}

impl ImageConfig {
    /// Says whether a config of this media type is one of an image.
    #[must_use]
    pub fn is_named_by(media_type: &str) -> bool {
        media_type == OCI_CONFIG || media_type == DOCKER_CONFIG
    }

    /// Reads a config.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`], and those of a document that is no JSON object or that two
    /// readers could understand differently.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if u64::try_from(bytes.len()).is_ok_and(|size| size > CONFIG_BYTES) {
            return Err(ManifestError::TooLarge {
                size_bytes: bytes.len(),
                limit_bytes: usize::try_from(CONFIG_BYTES).unwrap_or(usize::MAX),
            });
        }
        let document = parse_strict(bytes, LIMITS)?;
        let map = document.as_object().ok_or(ManifestError::NotAnObject)?;
        let labels = map.get("config").and_then(|config| config.get("Labels"));
        let history = map.get("history").and_then(Value::as_array);
        Ok(Self {
            labels: labels
                .and_then(Value::as_object)
                .map_or_else(Vec::new, read_labels),
            history: history.map_or_else(Vec::new, |steps| steps.iter().map(read_step).collect()),
        })
    }
}

fn read_labels(labels: &Map<String, Value>) -> Vec<(String, String)> {
    let named = labels.iter().filter(|(key, _)| !key.is_empty());
    named
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn read_step(step: &Value) -> HistoryStep {
    let text = |name: &str| step.get(name).and_then(Value::as_str).map(str::to_owned);
    HistoryStep {
        created: text("created"),
        created_by: text("created_by"),
        author: text("author"),
        comment: text("comment"),
        is_empty_layer: step.get("empty_layer") == Some(&Value::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_history_are_read_and_the_rest_is_left_aside() {
        let text = r#"{"architecture":"amd64","config":{"Labels":{"b":"2","a":"1","":"x","n":5}},
            "history":[{"created":"2024-01-01T00:00:00Z","created_by":"ADD"},
                       {"empty_layer":true,"author":"me","comment":"c"},7]}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        let labels = [("a", "1"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(config.labels, labels);
        assert_eq!(config.history.len(), 3);
        assert_eq!(config.history[0].created_by.as_deref(), Some("ADD"));
        assert!(!config.history[0].is_empty_layer && config.history[1].is_empty_layer);
        assert_eq!(config.history[1].comment.as_deref(), Some("c"));
        assert_eq!(config.history[2], HistoryStep::default());
    }

    #[test]
    fn other_shapes_have_no_labels_and_no_history() {
        for text in [
            "{}",
            r#"{"config":null,"history":{}}"#,
            r#"{"config":{"Labels":[1]},"history":null}"#,
            r#"{"config":"x"}"#,
        ] {
            let config = ImageConfig::parse(text.as_bytes()).unwrap();
            assert_eq!(config, ImageConfig::default(), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_or_ambiguous_or_too_large_is_refused() {
        let limit = usize::try_from(CONFIG_BYTES).unwrap();
        assert!(ImageConfig::parse(b"[]").is_err());
        assert!(ImageConfig::parse(b"\x1f\x8b").is_err());
        assert!(ImageConfig::parse(br#"{"config":{},"config":{}}"#).is_err());
        assert!(matches!(
            ImageConfig::parse(&vec![b' '; limit + 1]),
            Err(ManifestError::TooLarge { .. })
        ));
    }

    #[test]
    fn only_two_media_types_name_an_images_config() {
        assert!(ImageConfig::is_named_by(OCI_CONFIG) && ImageConfig::is_named_by(DOCKER_CONFIG));
        assert!(!ImageConfig::is_named_by(crate::media_type::OCI_EMPTY));
    }
}
