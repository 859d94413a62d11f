//! Manifests that have to be refused, each with the exact error.
//!
//! A case is made from a valid image or index by replacing one piece of its text, so that
//! nothing else can be the reason. Documents as a whole are in `documents`, their descriptors in
//! `descriptors`.

mod descriptors;
mod documents;

use slipway_oci::media_type::{OCI_INDEX, OCI_MANIFEST};
use slipway_oci::{ManifestError, ManifestLimits, ParseError, ParsedManifest};

const EMPTY_HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// Embedded `{}` as config, one layer, one annotation, a subject.
const IMAGE: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.v1","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"text/plain","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":17,"urls":[]}],"annotations":{"note":"text"},"subject":{"mediaType":"text/subject","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":99}}"#;

/// One child with a platform.
const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":5,"platform":{"architecture":"amd64","os":"linux"}}]}"#;

fn parse(content_type: Option<&str>, text: &str) -> Result<ParsedManifest, ManifestError> {
    ParsedManifest::parse(content_type, text.as_bytes(), &ManifestLimits::default())
}

fn replace(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "`{old}` has to occur once");
    text.replace(old, new)
}

#[track_caller]
fn image_refused(old: &str, new: &str, expected: ManifestError) {
    let text = replace(IMAGE, old, new);
    assert_eq!(
        parse(Some(OCI_MANIFEST), &text),
        Err(expected),
        "`{old}` as `{new}`"
    );
}

#[track_caller]
fn index_refused(old: &str, new: &str, expected: ManifestError) {
    let text = replace(INDEX, old, new);
    assert_eq!(
        parse(Some(OCI_INDEX), &text),
        Err(expected),
        "`{old}` as `{new}`"
    );
}

fn missing(place: &str, field: &'static str) -> ManifestError {
    ManifestError::MissingField {
        place: place.to_owned(),
        field,
    }
}

fn wrong_type(place: &str, field: &'static str, expected: &'static str) -> ManifestError {
    ManifestError::WrongType {
        place: place.to_owned(),
        field,
        expected,
    }
}

fn invalid_size(place: &str, value: &str) -> ManifestError {
    ManifestError::InvalidSize {
        place: place.to_owned(),
        value: value.to_owned(),
    }
}

fn invalid_type(
    place: &str,
    field: &'static str,
    value: &str,
    reason: &'static str,
) -> ManifestError {
    let source = ParseError::MediaType {
        value: value.to_owned(),
        reason,
    };
    ManifestError::InvalidMediaType {
        place: place.to_owned(),
        field,
        source,
    }
}

fn ambiguous(place: &str, key: &str, field: &'static str) -> ManifestError {
    ManifestError::AmbiguousKey {
        place: place.to_owned(),
        key: key.to_owned(),
        field,
    }
}

fn duplicate(key: &str) -> ManifestError {
    ManifestError::DuplicateKey {
        key: key.to_owned(),
    }
}

#[test]
fn the_unchanged_documents_are_valid() {
    assert!(parse(Some(OCI_MANIFEST), IMAGE).is_ok());
    assert!(parse(Some(OCI_INDEX), INDEX).is_ok());
}
