//! Descriptors: a manifest's references to blobs and other manifests.
//!
//! This module reads one JSON object into a [`Descriptor`] and refuses what a client could
//! understand differently: malformed digests and media types, sizes that are not integers from
//! 0 to 2^63 - 1, embedded data that is not the content described, and keys that equal a field
//! but for their case. A field that is null counts as absent.
//!
//! `Object` and `Place` are shared with [`crate::manifest`], which reads the document around.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::error::{ManifestError, shorten};
use crate::media_type;

const FIELDS: [&str; 8] = [
    "mediaType",
    "digest",
    "size",
    "urls",
    "annotations",
    "data",
    "artifactType",
    "platform",
];
const PLATFORM_FIELDS: [&str; 5] = ["architecture", "os", "os.version", "os.features", "variant"];

/// The machine an image is made for.
///
/// Source: OCI image-spec, `image-index.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The CPU, as Go's `GOARCH` names it; `unknown` for attestations.
    pub architecture: String,
    /// The operating system, as Go's `GOOS` names it.
    pub os: String,
    /// The version of the operating system, used by Windows images.
    pub os_version: Option<String>,
    /// The variant of the CPU, such as `v7`.
    pub variant: Option<String>,
}

/// A reference to content: what it is, how large, and which digest it has.
///
/// Source: OCI image-spec, `descriptor.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The type of the content: `type/subtype`, otherwise free.
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The size of the content, at most 2^63 - 1.
    pub size_bytes: u64,
    /// The type of artifact that the content is a manifest of.
    pub artifact_type: Option<String>,
    /// The annotations on the reference, not those within the content.
    pub annotations: BTreeMap<String, String>,
    /// The machine that the content is made for.
    pub platform: Option<Platform>,
    /// Whether the descriptor names other places to download from.
    pub has_urls: bool,
    /// The content itself; when present, it has exactly this size and digest.
    pub data: Option<Vec<u8>>,
}

impl Descriptor {
    /// Answers whether the content need not be stored here: a layer that may not be
    /// redistributed.
    #[must_use]
    pub fn is_non_distributable(&self) -> bool {
        media_type::is_non_distributable(&self.media_type)
    }

    /// Reads the object at `place`.
    pub(crate) fn read(value: &Value, place: Place) -> Result<Self, ManifestError> {
        let object = Object::of(value, place)?;
        object.check_keys(&FIELDS)?;
        let media_type = object.require_text("mediaType")?;
        check_media_type(media_type, place, "mediaType")?;
        let digest = Digest::parse(object.require_text("digest")?).map_err(|source| {
            ManifestError::InvalidDigest {
                place: place.to_string(),
                source,
            }
        })?;
        let size_bytes = object.require_size()?;
        Ok(Self {
            media_type: media_type.to_owned(),
            digest,
            size_bytes,
            artifact_type: object.find_artifact_type()?,
            annotations: object.read_annotations()?,
            platform: object
                .find("platform")
                .map(|value| read_platform(value, place))
                .transpose()?,
            has_urls: object.has_urls()?,
            data: object.read_data(size_bytes, digest)?,
        })
    }
}

fn read_platform(value: &Value, place: Place) -> Result<Platform, ManifestError> {
    let Value::Object(map) = value else {
        return Err(wrong_type(place, "platform", "an object"));
    };
    let object = Object { map, place };
    object.check_keys(&PLATFORM_FIELDS)?;
    Ok(Platform {
        architecture: object.require_text("architecture")?.to_owned(),
        os: object.require_text("os")?.to_owned(),
        os_version: object.find_text("os.version")?.map(str::to_owned),
        variant: object.find_text("variant")?.map(str::to_owned),
    })
}

/// Where in a manifest something is, for error texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The document itself.
    Manifest,
    /// A field of the document.
    Field(&'static str),
    /// A member of a list of the document.
    Member(&'static str, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => formatter.write_str("manifest"),
            Self::Field(field) => formatter.write_str(field),
            Self::Member(list, index) => write!(formatter, "{list}[{index}]"),
        }
    }
}

/// A JSON object and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Object<'value> {
    pub(crate) map: &'value Map<String, Value>,
    pub(crate) place: Place,
}

impl<'value> Object<'value> {
    /// Takes a field or list member that has to be an object.
    fn of(value: &'value Value, place: Place) -> Result<Self, ManifestError> {
        match (value, place) {
            (Value::Object(map), _) => Ok(Self { map, place }),
            (_, Place::Manifest) => Err(ManifestError::NotAnObject),
            (_, Place::Field(field)) => Err(wrong_type(Place::Manifest, field, "an object")),
            (_, Place::Member(list, _)) => Err(wrong_type(place, list, "an object")),
        }
    }

    /// Refuses keys that clients which ignore case (Go's `encoding/json`) read as a field.
    pub(crate) fn check_keys(&self, fields: &[&'static str]) -> Result<(), ManifestError> {
        for key in self.map.keys() {
            let resembled = fields.iter().find(|field| folds_to(key, field));
            if let Some(&field) = resembled
                && key != field
            {
                let place = self.place.to_string();
                return Err(ManifestError::AmbiguousKey {
                    place,
                    key: shorten(key),
                    field,
                });
            }
        }
        Ok(())
    }

    /// Finds a field that is present and not null.
    pub(crate) fn find(&self, field: &str) -> Option<&'value Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn require(&self, field: &'static str) -> Result<&'value Value, ManifestError> {
        let place = self.place;
        self.find(field).ok_or_else(|| ManifestError::MissingField {
            place: place.to_string(),
            field,
        })
    }

    pub(crate) fn find_text(
        &self,
        field: &'static str,
    ) -> Result<Option<&'value str>, ManifestError> {
        match self.find(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(self.place, field, "a string")),
        }
    }

    fn require_text(&self, field: &'static str) -> Result<&'value str, ManifestError> {
        let value = self.require(field)?;
        value
            .as_str()
            .ok_or_else(|| wrong_type(self.place, field, "a string"))
    }

    fn require_size(&self) -> Result<u64, ManifestError> {
        let value = self.require("size")?;
        match value.as_u64() {
            Some(size_bytes) if size_bytes <= i64::MAX.unsigned_abs() => Ok(size_bytes),
            _ => Err(ManifestError::InvalidSize {
                place: self.place.to_string(),
                value: shorten(&value.to_string()),
            }),
        }
    }

    /// Finds the artifact type; an empty one counts as absent, as the specification has it.
    pub(crate) fn find_artifact_type(&self) -> Result<Option<String>, ManifestError> {
        match self.find_text("artifactType")? {
            None | Some("") => Ok(None),
            Some(text) => {
                check_media_type(text, self.place, "artifactType")?;
                Ok(Some(text.to_owned()))
            }
        }
    }

    pub(crate) fn read_annotations(&self) -> Result<BTreeMap<String, String>, ManifestError> {
        let mut annotations = BTreeMap::new();
        let map = match self.find("annotations") {
            None => return Ok(annotations),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(wrong_type(self.place, "annotations", "an object")),
        };
        for (key, value) in map {
            let Value::String(text) = value else {
                let place = self.place.to_string();
                return Err(ManifestError::AnnotationNotString {
                    place,
                    key: shorten(key),
                });
            };
            annotations.insert(key.clone(), text.clone());
        }
        Ok(annotations)
    }

    fn has_urls(&self) -> Result<bool, ManifestError> {
        match self.find("urls") {
            None => Ok(false),
            Some(Value::Array(urls)) if urls.iter().all(Value::is_string) => Ok(!urls.is_empty()),
            Some(_) => Err(wrong_type(self.place, "urls", "a list of strings")),
        }
    }

    fn read_data(&self, size_bytes: u64, digest: Digest) -> Result<Option<Vec<u8>>, ManifestError> {
        let Some(text) = self.find_text("data")? else {
            return Ok(None);
        };
        let place = self.place;
        let data = BASE64
            .decode(text)
            .map_err(|_| ManifestError::DataNotBase64 {
                place: place.to_string(),
            })?;
        let data_bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
        if data_bytes != size_bytes {
            let place = place.to_string();
            return Err(ManifestError::DataSizeMismatch {
                place,
                data_bytes,
                size_bytes,
            });
        }
        if Digest::of(digest.algorithm(), &data) != digest {
            let (place, digest) = (place.to_string(), digest.to_string());
            return Err(ManifestError::DataDigestMismatch { place, digest });
        }
        Ok(Some(data))
    }
}

/// Compares as Go does: by simple Unicode folding, in which the long s and the Kelvin sign
/// equal `s` and `k`.
fn folds_to(key: &str, field: &str) -> bool {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(field.chars().map(fold))
}

fn check_media_type(text: &str, place: Place, field: &'static str) -> Result<(), ManifestError> {
    media_type::check(text).map_err(|source| {
        let place = place.to_string();
        ManifestError::InvalidMediaType {
            place,
            field,
            source,
        }
    })
}

pub(crate) fn wrong_type(
    place: Place,
    field: &'static str,
    expected: &'static str,
) -> ManifestError {
    ManifestError::WrongType {
        place: place.to_string(),
        field,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::digest::Algorithm;

    #[test]
    fn keys_fold_as_in_go() {
        assert!(folds_to("mediaType", "mediaType"));
        assert!(folds_to("MEDIATYPE", "mediaType"));
        assert!(folds_to("layer\u{17f}", "layers"));
        assert!(!folds_to("layer", "layers"));
        assert!(!folds_to("layers ", "layers"));
    }

    #[test]
    fn places_read_like_paths() {
        assert_eq!(Place::Manifest.to_string(), "manifest");
        assert_eq!(Place::Field("config").to_string(), "config");
        assert_eq!(Place::Member("layers", 3).to_string(), "layers[3]");
    }

    #[test]
    fn a_descriptor_with_everything_is_read() {
        let digest = Digest::of(Algorithm::Sha512, b"hi");
        let value = json!({
            "mediaType": "text/plain", "digest": digest, "size": 2, "data": "aGk=",
            "artifactType": "a/b", "urls": ["https://example.com/"], "annotations": {"k": "v"},
            "platform": {"architecture": "arm64", "os": "linux", "os.features": ["x"]},
        });
        let descriptor = Descriptor::read(&value, Place::Field("config")).unwrap();
        let platform = Platform {
            architecture: "arm64".to_owned(),
            os: "linux".to_owned(),
            os_version: None,
            variant: None,
        };
        let expected = Descriptor {
            media_type: "text/plain".to_owned(),
            digest,
            size_bytes: 2,
            artifact_type: Some("a/b".to_owned()),
            annotations: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
            platform: Some(platform),
            has_urls: true,
            data: Some(b"hi".to_vec()),
        };
        assert_eq!(descriptor, expected);
    }
}
