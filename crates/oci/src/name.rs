//! Names of namespaces, repositories and tags, and the reference that ends a manifest path.
//!
//! A [`RepositoryName`] always has a namespace and at least one segment after it; a one-segment
//! path is given the library namespace when it is parsed. The accepted set is the union of the
//! OCI grammar and of what Quay allows: a segment is `[a-z0-9][a-z0-9._-]*`, which no segment
//! `.` or `..` and no empty one matches, so a name is safe in a URL path. The namespace is an OCI
//! path component of 2 to 255 characters. The whole is at most 255 bytes.
//!
//! All names are immutable, cheap to clone and compare as bytes.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::digest::Digest;
use crate::error::{ParseError, shorten};

/// The greatest length of a whole repository name or of a namespace, in bytes.
pub const NAME_BYTES: usize = 255;
/// The least length of a namespace, in bytes (Quay: `MIN_USERNAME_LENGTH`).
pub const NAMESPACE_MIN_BYTES: usize = 2;
/// The greatest length of a tag, in bytes.
pub const TAG_BYTES: usize = 128;

/// The traits that the three text names share.
macro_rules! text_name {
    ($name:ident) => {
        impl $name {
            /// Answers the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The name of a user or organization: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, 2 to 255 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceName(Arc<str>);

text_name!(NamespaceName);

impl NamespaceName {
    /// Parses a namespace.
    ///
    /// # Errors
    /// [`ParseError::NamespaceName`] with the reason.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match check_namespace(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(reason) => Err(ParseError::NamespaceName {
                value: shorten(text),
                reason,
            }),
        }
    }
}

impl FromStr for NamespaceName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// The full name of a repository: `namespace/segment(/segment)*`, at most 255 bytes.
///
/// `FromStr` and serde take the full form only.
///
/// Source: OCI distribution-spec, "Pulling manifests", `<name>`; Quay: `util/names.py`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(Arc<str>);

text_name!(RepositoryName);

impl RepositoryName {
    /// Parses the name in a request path; a path of one segment becomes
    /// `library_namespace/path`.
    ///
    /// # Errors
    /// [`ParseError::RepositoryName`] with the reason, also when the library namespace itself is
    /// not a namespace.
    pub fn parse(path: &str, library_namespace: &str) -> Result<Self, ParseError> {
        if path.contains('/') || path.is_empty() {
            Self::parse_full(path)
        } else {
            Self::parse_full(&format!("{library_namespace}/{path}"))
        }
    }

    /// Joins a namespace and the rest of a name.
    ///
    /// # Errors
    /// [`ParseError::RepositoryName`] when `repository` is malformed or the whole is too long.
    pub fn from_parts(namespace: &NamespaceName, repository: &str) -> Result<Self, ParseError> {
        Self::parse_full(&format!("{namespace}/{repository}"))
    }

    fn parse_full(text: &str) -> Result<Self, ParseError> {
        match check_repository(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(reason) => Err(ParseError::RepositoryName {
                value: shorten(text),
                reason,
            }),
        }
    }

    /// Answers the part before the first slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.0
            .split_once('/')
            .map_or("", |(namespace, _)| namespace)
    }

    /// Answers everything after the first slash.
    #[must_use]
    pub fn repository(&self) -> &str {
        self.0
            .split_once('/')
            .map_or("", |(_, repository)| repository)
    }

    /// Answers the part before the first slash as a name of its own.
    #[must_use]
    pub fn namespace_name(&self) -> NamespaceName {
        NamespaceName(self.namespace().into())
    }
}

impl FromStr for RepositoryName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_full(text)
    }
}

/// The name of a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
///
/// Source: OCI distribution-spec, "Pulling manifests", `<reference>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagName(Arc<str>);

text_name!(TagName);

impl TagName {
    /// Parses a tag.
    ///
    /// # Errors
    /// [`ParseError::TagName`] with the reason.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match check_tag(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(reason) => Err(ParseError::TagName {
                value: shorten(text),
                reason,
            }),
        }
    }
}

impl FromStr for TagName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// What names a manifest within a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// A tag, which moves.
    Tag(TagName),
    /// A digest, which does not.
    Digest(Digest),
}

impl Reference {
    /// Parses the last part of a manifest path: a text with a colon is a digest, because no tag
    /// may hold one.
    ///
    /// # Errors
    /// Those of [`Digest::parse`] or [`TagName::parse`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.contains(':') {
            Digest::parse(text).map(Self::Digest)
        } else {
            TagName::parse(text).map(Self::Tag)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => fmt::Display::fmt(tag, formatter),
            Self::Digest(digest) => fmt::Display::fmt(digest, formatter),
        }
    }
}

impl FromStr for Reference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

const fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn check_repository(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("empty");
    }
    if text.len() > NAME_BYTES {
        return Err("longer than 255 bytes");
    }
    let (namespace, repository) = text.split_once('/').ok_or("no namespace")?;
    check_namespace(namespace)?;
    repository.split('/').try_for_each(check_segment)
}

/// Checks `[a-z0-9][a-z0-9._-]*`, of which the OCI path component is a part.
fn check_segment(segment: &str) -> Result<(), &'static str> {
    let Some(first) = segment.bytes().next() else {
        return Err("empty segment");
    };
    if !is_lower_alphanumeric(first) {
        return Err("segment does not start with a lower-case letter or digit");
    }
    let allowed = |byte| is_lower_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-');
    if segment.bytes().all(allowed) {
        Ok(())
    } else {
        Err("character outside a-z, 0-9, dot, underscore and dash")
    }
}

/// Checks `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` and the length.
fn check_namespace(text: &str) -> Result<(), &'static str> {
    if text.len() < NAMESPACE_MIN_BYTES {
        return Err("namespace shorter than 2 characters");
    }
    if text.len() > NAME_BYTES {
        return Err("namespace longer than 255 characters");
    }
    check_segment(text)?;
    // Between two runs of letters and digits stands exactly one separator of the grammar.
    let separators =
        text.split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit());
    for separator in separators.filter(|separator| !separator.is_empty()) {
        let all_dashes = separator.bytes().all(|byte| byte == b'-');
        if !all_dashes && !matches!(separator, "." | "_" | "__") {
            return Err("bad separator in namespace");
        }
    }
    if text.ends_with(['.', '_', '-']) {
        return Err("namespace ends with a separator");
    }
    Ok(())
}

fn check_tag(text: &str) -> Result<(), &'static str> {
    let Some(first) = text.bytes().next() else {
        return Err("empty");
    };
    if text.len() > TAG_BYTES {
        return Err("longer than 128 characters");
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !is_word(first) {
        return Err("does not start with a letter, digit or underscore");
    }
    if text
        .bytes()
        .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
    {
        Ok(())
    } else {
        Err("character outside letters, digits, underscore, dot and dash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    fn parse(path: &str) -> Result<RepositoryName, ParseError> {
        RepositoryName::parse(path, "library")
    }

    #[test]
    fn a_path_of_one_segment_lands_in_the_library_namespace() {
        let name = parse("busybox").unwrap();
        assert_eq!(name.as_str(), "library/busybox");
        assert_eq!(name.namespace(), "library");
        assert_eq!(name.repository(), "busybox");
        assert_eq!(
            name.namespace_name(),
            NamespaceName::parse("library").unwrap()
        );
    }

    #[test]
    fn a_deep_path_keeps_all_after_the_first_slash() {
        let name = parse("org/team/app/v2").unwrap();
        assert_eq!(name.namespace(), "org");
        assert_eq!(name.repository(), "team/app/v2");
    }

    #[test]
    fn names_of_both_grammars_are_taken() {
        for path in [
            "ab/c",
            "a__b/c__d",
            "a---b/c---d",
            "a.b_c-d/e",
            "ab/c..d",
            "ab/c.",
            "ab/c-",
            "ab/c_.d",
            "0a/0",
            "ab/blobs/uploads",
        ] {
            assert!(parse(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn unsafe_and_malformed_names_are_refused() {
        for path in [
            "",
            "/",
            "ab/",
            "/ab",
            "ab//c",
            "ab/../c",
            "ab/.",
            "ab/..",
            "..",
            ".",
            "ab/.hidden",
            "ab/-c",
            "ab/_c",
            "Ab/c",
            "ab/C",
            "ab/c d",
            "ab/c%2fd",
            "ab/c:d",
            "ab/c@d",
            "ab/c\\d",
            "ab/é",
            "ab/c\0",
            "a/b",
            "a..b/c",
            "a_-b/c",
            "a___b/c",
            "ab-/c",
            "ab./c",
            "a._b/c",
            "org+robot/c",
            "ab/c\n",
        ] {
            let refused = parse(path);
            assert!(
                matches!(refused, Err(ParseError::RepositoryName { .. })),
                "{path}: {refused:?}"
            );
        }
    }

    #[test]
    fn the_library_namespace_is_checked_too() {
        assert!(RepositoryName::parse("busybox", "").is_err());
        assert!(RepositoryName::parse("busybox", "../x").is_err());
    }

    #[test]
    fn the_limit_of_255_bytes_counts_the_namespace() {
        let longest = format!("ab/{}", "c".repeat(252));
        assert!(parse(&longest).is_ok());
        assert!(parse(&format!("{longest}c")).is_err());
        assert!(parse(&"c".repeat(247)).is_ok());
        assert!(parse(&"c".repeat(248)).is_err());
    }

    #[test]
    fn joining_parts_checks_the_rest() {
        let namespace = NamespaceName::parse("org").unwrap();
        assert_eq!(
            RepositoryName::from_parts(&namespace, "a/b")
                .unwrap()
                .as_str(),
            "org/a/b"
        );
        assert!(RepositoryName::from_parts(&namespace, "").is_err());
        assert!(RepositoryName::from_parts(&namespace, "../b").is_err());
    }

    #[test]
    fn tags_follow_the_grammar() {
        for tag in [
            "v1",
            "_",
            "latest",
            "1.0-rc.1",
            "sha256-ab.sig",
            &"t".repeat(128),
        ] {
            assert_eq!(TagName::parse(tag).unwrap().as_str(), tag);
        }
        for tag in [
            "",
            ".a",
            "-a",
            "a b",
            "a/b",
            "a:b",
            "a+b",
            "é",
            &"t".repeat(129),
        ] {
            assert!(
                matches!(TagName::parse(tag), Err(ParseError::TagName { .. })),
                "{tag}"
            );
        }
    }

    #[test]
    fn namespaces_have_two_to_255_characters() {
        assert!(NamespaceName::parse("a").is_err());
        assert!(NamespaceName::parse("ab").is_ok());
        assert!(NamespaceName::parse(&"a".repeat(255)).is_ok());
        assert!(NamespaceName::parse(&"a".repeat(256)).is_err());
        assert!(NamespaceName::parse("ab/c").is_err());
    }

    #[test]
    fn a_reference_with_a_colon_is_a_digest() {
        let digest = Digest::of(Algorithm::Sha256, b"");
        assert_eq!(
            Reference::parse(&digest.to_string()),
            Ok(Reference::Digest(digest))
        );
        assert!(matches!(Reference::parse("latest"), Ok(Reference::Tag(_))));
        assert!(matches!(
            Reference::parse("a:b"),
            Err(ParseError::UnsupportedAlgorithm { .. })
        ));
        assert!(matches!(
            Reference::parse("sha256:zz"),
            Err(ParseError::Digest { .. })
        ));
    }

    #[test]
    fn serde_takes_full_names_only() {
        let name: RepositoryName = serde_json::from_str("\"org/app\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"org/app\"");
        assert!(serde_json::from_str::<RepositoryName>("\"app\"").is_err());
        assert!(serde_json::from_str::<TagName>("\"a:b\"").is_err());
    }
}
