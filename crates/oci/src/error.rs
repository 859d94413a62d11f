//! The two error types of this crate: [`ParseError`] and [`ManifestError`].
//!
//! `ParseError` is the refusal of one short value (a digest, a name, a range); `ManifestError`
//! is the refusal of a whole manifest and says at which place of the document it failed.
//! Texts are lower case, name the value, and never repeat more than [`SHOWN_CHARS`] characters
//! of it; control characters are replaced so that a text can go to a log or a header.

use std::fmt::Write as _;

/// The number of characters of a refused value that an error text repeats.
pub const SHOWN_CHARS: usize = 80;

/// The refusal of one value that a client sent.
///
/// `value` fields are already shortened for showing and must not be parsed again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The digest is well formed, but its algorithm is not one this registry computes.
    #[error("unsupported digest algorithm `{algorithm}`")]
    UnsupportedAlgorithm {
        /// The part before the colon, shortened.
        algorithm: String,
    },
    /// The text is not a digest.
    #[error("invalid digest `{value}`: {reason}")]
    Digest {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The bytes are not a digest in its stored form.
    #[error("invalid stored digest of {len_bytes} bytes: {reason}")]
    StoredDigest {
        /// The number of bytes offered.
        len_bytes: usize,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The bytes are not a saved hasher.
    #[error("invalid hasher state of {len_bytes} bytes: {reason}")]
    HasherState {
        /// The number of bytes offered.
        len_bytes: usize,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The text is not a repository name.
    #[error("invalid repository name `{value}`: {reason}")]
    RepositoryName {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not a namespace name.
    #[error("invalid namespace name `{value}`: {reason}")]
    NamespaceName {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not a tag.
    #[error("invalid tag name `{value}`: {reason}")]
    TagName {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not a media type.
    #[error("invalid media type `{value}`: {reason}")]
    MediaType {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not the `Content-Range` of a chunk.
    #[error("invalid content range `{value}`: {reason}")]
    ContentRange {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not a page size.
    #[error("invalid page size `{value}`: {reason}")]
    PageSize {
        /// The refused text, shortened.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The refusal of a manifest.
///
/// `place` fields read like `layers[3]`, `config` or `manifest` (the document itself).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The body is larger than the registry takes.
    #[error("manifest of {size_bytes} bytes exceeds the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The size of the body.
        size_bytes: usize,
        /// The limit it exceeds.
        limit_bytes: usize,
    },
    /// The media type is not one of a manifest this registry stores.
    #[error("unsupported manifest media type `{0}`")]
    UnsupportedMediaType(String),
    /// Neither the request nor the body names a media type.
    #[error("manifest names no media type, neither as content type nor in its body")]
    MissingMediaType,
    /// The body names another media type than the request.
    #[error("manifest media type `{body}` differs from content type `{content_type}`")]
    MediaTypeMismatch {
        /// The media type of the request, without parameters.
        content_type: String,
        /// The `mediaType` of the body, shortened.
        body: String,
    },
    /// The body is not JSON.
    #[error("manifest is not valid json: {0}")]
    Json(String),
    /// The body is JSON, but not an object.
    #[error("manifest is not a json object")]
    NotAnObject,
    /// Arrays and objects are nested too deeply.
    #[error("manifest is nested deeper than {limit} levels")]
    TooDeep {
        /// The number of levels allowed.
        limit: usize,
    },
    /// The document holds more JSON values than the registry takes.
    #[error("manifest holds more than {limit} json values")]
    TooManyValues {
        /// The number of values allowed.
        limit: usize,
    },
    /// The document names more descriptors than the registry takes.
    #[error("manifest holds {count} descriptors, more than {limit}")]
    TooManyDescriptors {
        /// The number of descriptors named.
        count: usize,
        /// The number of descriptors allowed.
        limit: usize,
    },
    /// An object names a key twice.
    #[error("duplicate key `{key}` in manifest")]
    DuplicateKey {
        /// The key, shortened.
        key: String,
    },
    /// A key equals a known field but for its case, which some clients read as that field.
    #[error("key `{key}` in {place} may be mistaken for `{field}`")]
    AmbiguousKey {
        /// Where the key is.
        place: String,
        /// The key as sent, shortened.
        key: String,
        /// The field it resembles.
        field: &'static str,
    },
    /// `schemaVersion` is not the integer 2.
    #[error("manifest schemaVersion is `{0}`, not 2")]
    SchemaVersion(String),
    /// A field that only the other kind of manifest has is present.
    #[error("manifest of media type `{media_type}` carries `{field}`")]
    MixedContent {
        /// The media type of the manifest.
        media_type: String,
        /// The field that does not belong to it.
        field: &'static str,
    },
    /// A required field is absent or null.
    #[error("missing `{field}` in {place}")]
    MissingField {
        /// Where it is missing.
        place: String,
        /// The field.
        field: &'static str,
    },
    /// A field has a JSON type it may not have.
    #[error("`{field}` in {place} is not {expected}")]
    WrongType {
        /// Where the field is.
        place: String,
        /// The field; for a member of a list, the list.
        field: &'static str,
        /// The expected type with its article.
        expected: &'static str,
    },
    /// A media type or artifact type is not `type/subtype`.
    #[error("bad `{field}` in {place}: {source}")]
    InvalidMediaType {
        /// Where the field is.
        place: String,
        /// `mediaType` or `artifactType`.
        field: &'static str,
        /// What is wrong with it.
        source: ParseError,
    },
    /// A descriptor's digest is malformed or of an algorithm this registry does not compute.
    #[error("bad digest in {place}: {source}")]
    InvalidDigest {
        /// Where the descriptor is.
        place: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// A descriptor's size is not an integer from 0 to 2^63 - 1.
    #[error("invalid size `{value}` in {place}")]
    InvalidSize {
        /// Where the descriptor is.
        place: String,
        /// The size as JSON, shortened.
        value: String,
    },
    /// An annotation's value is not a string.
    #[error("annotation `{key}` in {place} is not a string")]
    AnnotationNotString {
        /// Where the annotation is.
        place: String,
        /// The key, shortened.
        key: String,
    },
    /// A descriptor's embedded data is not padded standard base64.
    #[error("embedded data in {place} is not base64")]
    DataNotBase64 {
        /// Where the descriptor is.
        place: String,
    },
    /// A descriptor's embedded data has another length than its size.
    #[error("embedded data in {place} has {data_bytes} bytes, but its size says {size_bytes}")]
    DataSizeMismatch {
        /// Where the descriptor is.
        place: String,
        /// The decoded length.
        data_bytes: u64,
        /// The size of the descriptor.
        size_bytes: u64,
    },
    /// A descriptor's embedded data has another digest than the descriptor.
    #[error("embedded data in {place} does not have digest `{digest}`")]
    DataDigestMismatch {
        /// Where the descriptor is.
        place: String,
        /// The digest of the descriptor.
        digest: String,
    },
}

impl ManifestError {
    /// Answers the HTTP status that tells a client about this refusal: 415 for a media type that
    /// is not stored, 413 for a body too large, else 400.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnsupportedMediaType(_) => 415,
            Self::TooLarge { .. } => 413,
            _ => 400,
        }
    }
}

/// Cuts `value` to [`SHOWN_CHARS`] characters and replaces control characters.
pub(crate) fn shorten(value: &str) -> String {
    let mut shown = String::with_capacity(value.len().min(SHOWN_CHARS));
    let mut rest = value.chars();
    for character in rest.by_ref().take(SHOWN_CHARS) {
        shown.push(if character.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        });
    }
    let left_chars = rest.count();
    if left_chars > 0 {
        // Writing to a String cannot fail.
        write!(shown, "... ({left_chars} more)").ok();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_the_rest_is_counted() {
        let shown = shorten(&"é".repeat(100));
        assert_eq!(shown, format!("{}... (20 more)", "é".repeat(80)));
    }

    #[test]
    fn a_value_of_exactly_the_limit_is_kept() {
        let value = "x".repeat(SHOWN_CHARS);
        assert_eq!(shorten(&value), value);
    }

    #[test]
    fn control_characters_do_not_reach_a_text() {
        assert_eq!(shorten("a\r\nb\u{1b}"), "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn the_status_follows_the_kind_of_refusal() {
        assert_eq!(
            ManifestError::UnsupportedMediaType("a/b".into()).status(),
            415
        );
        assert_eq!(
            ManifestError::TooLarge {
                size_bytes: 2,
                limit_bytes: 1
            }
            .status(),
            413
        );
        assert_eq!(ManifestError::NotAnObject.status(), 400);
    }

    #[test]
    fn texts_name_place_and_value() {
        let error = ManifestError::InvalidSize {
            place: "layers[2]".into(),
            value: "-1".into(),
        };
        assert_eq!(error.to_string(), "invalid size `-1` in layers[2]");
    }
}
