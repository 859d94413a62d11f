//! Reading manifests: what a pushed document says, without changing a byte of it.
//!
//! [`ParsedManifest::parse`] takes the `Content-Type` and the body and answers the parts a
//! registry needs: kind, config, layers, children, subject and annotations. The document is
//! refused when two readers could disagree about it: duplicate keys, a media type in the body
//! other than the one of the request, fields of both kinds of manifest, keys that differ from a
//! field in case only. What is stored and served is always the body as it came.
//!
//! Whether the named blobs exist, and have the stated size, is for the caller to check.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::descriptor::{Descriptor, Object, Place, wrong_type};
use crate::error::{ManifestError, shorten};
use crate::json::{JsonLimits, parse_strict};
use crate::media_type::{self, DOCKER_SCHEMA1, ManifestKind};

const FIELDS: [&str; 10] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
    "signatures",
];

/// How large a manifest may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestLimits {
    /// The size of the body.
    pub max_bytes: usize,
    /// The levels of nested arrays and objects; the document itself is the first.
    pub max_depth: usize,
    /// The JSON values in the document, which bounds the memory that reading it takes.
    pub max_values: usize,
    /// The descriptors: config, layers, children and subject together.
    pub max_descriptors: usize,
}

impl Default for ManifestLimits {
    /// 4 MiB (the size the distribution specification asks registries to take), 32 levels,
    /// 400,000 values, 10,000 descriptors.
    fn default() -> Self {
        Self {
            max_bytes: 4 * 1024 * 1024,
            max_depth: 32,
            max_values: 400_000,
            max_descriptors: 10_000,
        }
    }
}

/// What a manifest says.
///
/// Source: OCI image-spec, `manifest.md` and `image-index.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedManifest {
    /// Whether it describes one image or lists manifests.
    pub kind: ManifestKind,
    /// Its media type, one of [`media_type::MANIFESTS`].
    pub media_type: String,
    /// The type under which it is listed as a referrer: `artifactType`, or for images without
    /// one the media type of the config.
    pub artifact_type: Option<String>,
    /// The config; present exactly for images.
    pub config: Option<Descriptor>,
    /// The layers in order, repetitions kept; none for indexes.
    pub layers: Vec<Descriptor>,
    /// The listed manifests in order; none for images.
    pub children: Vec<Descriptor>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// The annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

impl ParsedManifest {
    /// Reads a manifest.
    ///
    /// `content_type` is the header as sent; a blank one counts as absent, and then the
    /// `mediaType` of the body decides.
    ///
    /// # Errors
    /// [`ManifestError`], with [`ManifestError::TooLarge`] checked first, then
    /// [`ManifestError::UnsupportedMediaType`] for the header, then the body.
    pub fn parse(
        content_type: Option<&str>,
        bytes: &[u8],
        limits: &ManifestLimits,
    ) -> Result<Self, ManifestError> {
        if bytes.len() > limits.max_bytes {
            let limit_bytes = limits.max_bytes;
            return Err(ManifestError::TooLarge {
                size_bytes: bytes.len(),
                limit_bytes,
            });
        }
        let content_type = content_type
            .map(media_type::essence)
            .filter(|text| !text.is_empty());
        if let Some(header_type) = &content_type {
            require_kind(header_type)?;
        }
        let json_limits = JsonLimits {
            max_depth: limits.max_depth,
            max_values: limits.max_values,
        };
        let document = parse_strict(bytes, json_limits)?;
        let map = document.as_object().ok_or(ManifestError::NotAnObject)?;
        let object = Object {
            map,
            place: Place::Manifest,
        };
        object.check_keys(&FIELDS)?;
        let media_type = decide_media_type(content_type, object)?;
        let kind = require_kind(&media_type)?;
        check_schema_version(object)?;
        match kind {
            ManifestKind::Image => read_image(object, media_type, limits),
            ManifestKind::Index => read_index(object, media_type, limits),
        }
    }

    /// Iterates over the blobs of an image: the config, then the layers.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers)
    }
}

fn require_kind(media_type: &str) -> Result<ManifestKind, ManifestError> {
    ManifestKind::from_media_type(media_type)
        .ok_or_else(|| ManifestError::UnsupportedMediaType(shorten(media_type)))
}

fn decide_media_type(
    content_type: Option<String>,
    object: Object<'_>,
) -> Result<String, ManifestError> {
    let body_type = object.find_text("mediaType")?;
    match (content_type, body_type) {
        (Some(content_type), Some(body)) if content_type != body => {
            Err(ManifestError::MediaTypeMismatch {
                content_type,
                body: shorten(body),
            })
        }
        (Some(content_type), _) => Ok(content_type),
        (None, Some(body)) if media_type::MANIFESTS.contains(&body) => Ok(body.to_owned()),
        (None, Some(body)) => Err(ManifestError::UnsupportedMediaType(shorten(body))),
        (None, None) if object.find("schemaVersion").and_then(Value::as_u64) == Some(1) => Err(
            ManifestError::UnsupportedMediaType(DOCKER_SCHEMA1.to_owned()),
        ),
        (None, None) => Err(ManifestError::MissingMediaType),
    }
}

fn check_schema_version(object: Object<'_>) -> Result<(), ManifestError> {
    let version = object.require("schemaVersion")?;
    if version.as_u64() == Some(2) {
        Ok(())
    } else {
        Err(ManifestError::SchemaVersion(shorten(&version.to_string())))
    }
}

fn read_image(
    object: Object<'_>,
    media_type: String,
    limits: &ManifestLimits,
) -> Result<ParsedManifest, ManifestError> {
    refuse_fields(object, &media_type, &["manifests", "fsLayers"])?;
    let config_value = object.require("config")?;
    let layer_values = require_list(object, "layers")?;
    check_count(object, layer_values.len() + 1, limits)?;
    let config = Descriptor::read(config_value, Place::Field("config"))?;
    let layers = read_list(layer_values, "layers")?;
    let declared_type = object.find_artifact_type()?;
    Ok(ParsedManifest {
        kind: ManifestKind::Image,
        media_type,
        artifact_type: declared_type.or_else(|| Some(config.media_type.clone())),
        config: Some(config),
        layers,
        children: Vec::new(),
        subject: find_subject(object)?,
        annotations: object.read_annotations()?,
    })
}

fn read_index(
    object: Object<'_>,
    media_type: String,
    limits: &ManifestLimits,
) -> Result<ParsedManifest, ManifestError> {
    refuse_fields(object, &media_type, &["config", "layers", "fsLayers"])?;
    let child_values = require_list(object, "manifests")?;
    check_count(object, child_values.len(), limits)?;
    Ok(ParsedManifest {
        kind: ManifestKind::Index,
        media_type,
        artifact_type: object.find_artifact_type()?,
        config: None,
        layers: Vec::new(),
        children: read_list(child_values, "manifests")?,
        subject: find_subject(object)?,
        annotations: object.read_annotations()?,
    })
}

fn refuse_fields(
    object: Object<'_>,
    media_type: &str,
    fields: &[&'static str],
) -> Result<(), ManifestError> {
    match fields.iter().find(|field| object.find(field).is_some()) {
        None => Ok(()),
        Some(&field) => Err(ManifestError::MixedContent {
            media_type: media_type.to_owned(),
            field,
        }),
    }
}

fn require_list<'value>(
    object: Object<'value>,
    field: &'static str,
) -> Result<&'value [Value], ManifestError> {
    match object.require(field)? {
        Value::Array(members) => Ok(members),
        _ => Err(wrong_type(Place::Manifest, field, "a list")),
    }
}

/// Checks the number of descriptors, the subject included, before any is read.
fn check_count(
    object: Object<'_>,
    without_subject: usize,
    limits: &ManifestLimits,
) -> Result<(), ManifestError> {
    let count = without_subject + usize::from(object.find("subject").is_some());
    let limit = limits.max_descriptors;
    if count > limit {
        Err(ManifestError::TooManyDescriptors { count, limit })
    } else {
        Ok(())
    }
}

fn read_list(values: &[Value], field: &'static str) -> Result<Vec<Descriptor>, ManifestError> {
    let mut descriptors = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        descriptors.push(Descriptor::read(value, Place::Member(field, index))?);
    }
    Ok(descriptors)
}

fn find_subject(object: Object<'_>) -> Result<Option<Descriptor>, ManifestError> {
    object
        .find("subject")
        .map(|value| Descriptor::read(value, Place::Field("subject")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media_type::OCI_INDEX;

    const EMPTY_INDEX: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;

    #[test]
    fn size_is_checked_before_the_type_and_the_type_before_the_body() {
        let limits = ManifestLimits {
            max_bytes: 1,
            ..ManifestLimits::default()
        };
        let too_large = ManifestError::TooLarge {
            size_bytes: 2,
            limit_bytes: 1,
        };
        assert_eq!(
            ParsedManifest::parse(Some("a/b"), b"??", &limits),
            Err(too_large)
        );
        let unsupported = ManifestError::UnsupportedMediaType("a/b".to_owned());
        assert_eq!(
            ParsedManifest::parse(Some("a/b"), b"?", &limits),
            Err(unsupported)
        );
    }

    #[test]
    fn an_index_without_artifact_type_has_none() {
        let limits = ManifestLimits::default();
        let index = ParsedManifest::parse(Some(OCI_INDEX), EMPTY_INDEX, &limits).unwrap();
        assert_eq!(index.kind, ManifestKind::Index);
        assert_eq!(index.artifact_type, None);
        assert_eq!(index.blobs().count(), 0);
    }

    #[test]
    fn the_media_type_is_stored_in_its_canonical_case() {
        let header = OCI_INDEX.to_uppercase();
        let limits = ManifestLimits::default();
        let index = ParsedManifest::parse(Some(&header), EMPTY_INDEX, &limits).unwrap();
        assert_eq!(index.media_type, OCI_INDEX);
    }
}
