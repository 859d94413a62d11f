//! Media types of manifests, and the headers that carry media types.
//!
//! The registry stores four manifest media types, two per [`ManifestKind`]. Types of configs,
//! layers and artifacts are free: they only have to be `type/subtype` ([`check`]). Docker schema 1
//! is named here so that it can be recognised and refused.
//!
//! [`accepts`] reads `Accept` headers. A stored manifest is served as it is whatever the client
//! accepts, so the answer informs and never converts.

use crate::error::{ParseError, shorten};

/// An OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The two-byte blob `{}` that stands for "no content".
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A Docker image manifest, version 2, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// A Docker image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// A Docker schema 1 manifest, which is not stored.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// A signed Docker schema 1 manifest, which is not stored.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// The media types of manifests this registry stores.
pub const MANIFESTS: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// Layer types that may be named without being stored here, because their licence forbids it.
const NON_DISTRIBUTABLE_LAYERS: [&str; 4] = [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
];

/// The greatest length of a media type, parameters included, in bytes.
pub const MEDIA_TYPE_BYTES: usize = 255;

/// What a manifest describes: one image (or artifact), or a list of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestKind {
    /// A config and layers.
    Image,
    /// A list of other manifests.
    Index,
}

impl ManifestKind {
    /// Finds the kind of a manifest media type; case and parameters do not matter.
    #[must_use]
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        match essence(media_type).as_str() {
            OCI_MANIFEST | DOCKER_MANIFEST => Some(Self::Image),
            OCI_INDEX | DOCKER_LIST => Some(Self::Index),
            _ => None,
        }
    }
}

/// Checks for either form of Docker schema 1; case and parameters do not matter.
#[must_use]
pub fn is_docker_schema1(media_type: &str) -> bool {
    matches!(
        essence(media_type).as_str(),
        DOCKER_SCHEMA1 | DOCKER_SCHEMA1_SIGNED
    )
}

/// Checks for a layer type whose blob need not be stored here.
#[must_use]
pub fn is_non_distributable(media_type: &str) -> bool {
    NON_DISTRIBUTABLE_LAYERS.contains(&media_type)
}

/// Renders a header value without parameters and surrounding blanks, in lower case:
/// `Text/HTML; charset=utf-8` becomes `text/html`.
#[must_use]
pub fn essence(header: &str) -> String {
    let end = header.find(';').unwrap_or(header.len());
    header
        .get(..end)
        .unwrap_or(header)
        .trim_matches([' ', '\t'])
        .to_ascii_lowercase()
}

/// Parses a `Content-Type` header to its essence.
///
/// # Errors
/// [`ParseError::MediaType`] when it is not `type/subtype` with optional parameters.
pub fn parse_content_type(header: &str) -> Result<String, ParseError> {
    let trimmed = header.trim_matches([' ', '\t']);
    check(trimmed)?;
    Ok(essence(trimmed))
}

/// Checks that `text` is `type/subtype`, optionally followed by parameters.
///
/// Both parts are tokens, which includes every name of RFC 6838; parameters may be any
/// visible ASCII.
///
/// # Errors
/// [`ParseError::MediaType`] with the reason.
///
/// Source: RFC 9110, section 8.3.1.
pub fn check(text: &str) -> Result<(), ParseError> {
    find_fault(text).map_or(Ok(()), |reason| {
        Err(ParseError::MediaType {
            value: shorten(text),
            reason,
        })
    })
}

fn find_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("empty");
    }
    if text.len() > MEDIA_TYPE_BYTES {
        return Some("longer than 255 bytes");
    }
    let (essence_text, parameters) = text.split_once(';').unwrap_or((text, ""));
    let Some((main_type, subtype)) = essence_text.trim_end_matches([' ', '\t']).split_once('/')
    else {
        return Some("no slash");
    };
    if !is_token(main_type) || !is_token(subtype) {
        return Some("type or subtype is not a token");
    }
    let visible = |byte: u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
    if parameters.bytes().all(visible) {
        None
    } else {
        Some("control or non-ascii character")
    }
}

/// Checks a non-empty `token` of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// Answers whether a client that sent these `Accept` headers takes `media_type`.
///
/// No header, or only blank ones, accept everything. Of the ranges that match, the most specific
/// decides; its `q=0` refuses. A malformed weight counts as 1.
///
/// Source: RFC 9110, section 12.5.1.
#[must_use]
pub fn accepts(accept_headers: &[&str], media_type: &str) -> bool {
    let wanted = essence(media_type);
    let wanted_main = wanted.split('/').next().unwrap_or_default();
    let mut any_range = false;
    let mut best: Option<(u8, bool)> = None;
    for range in accept_headers.iter().flat_map(|header| header.split(',')) {
        let range_type = essence(range);
        if range_type.is_empty() {
            continue;
        }
        any_range = true;
        let specificity = match range_type.split_once('/') {
            _ if range_type == wanted => 2,
            Some((main_type, "*")) if main_type == wanted_main => 1,
            Some(("*", "*")) => 0,
            _ => continue,
        };
        let takes = !has_zero_weight(range);
        // Two equally specific ranges contradict each other only by mistake; take the yes.
        best = match best {
            Some((seen, _)) if seen > specificity => best,
            Some((seen, seen_takes)) if seen == specificity => Some((seen, seen_takes || takes)),
            _ => Some((specificity, takes)),
        };
    }
    best.map_or(!any_range, |(_, takes)| takes)
}

fn has_zero_weight(range: &str) -> bool {
    range.split(';').skip(1).any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else {
            return false;
        };
        name.trim().eq_ignore_ascii_case("q")
            && value
                .trim()
                .parse::<f32>()
                .is_ok_and(|weight| weight == 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_stored_types_have_a_kind() {
        assert_eq!(
            ManifestKind::from_media_type(OCI_MANIFEST),
            Some(ManifestKind::Image)
        );
        assert_eq!(
            ManifestKind::from_media_type(DOCKER_MANIFEST),
            Some(ManifestKind::Image)
        );
        assert_eq!(
            ManifestKind::from_media_type(OCI_INDEX),
            Some(ManifestKind::Index)
        );
        assert_eq!(
            ManifestKind::from_media_type(DOCKER_LIST),
            Some(ManifestKind::Index)
        );
    }

    #[test]
    fn parameters_and_case_do_not_change_the_kind() {
        let header = "Application/vnd.OCI.image.manifest.v1+json ; charset=UTF-8";
        assert_eq!(
            ManifestKind::from_media_type(header),
            Some(ManifestKind::Image)
        );
        assert_eq!(parse_content_type(header).unwrap(), OCI_MANIFEST);
    }

    #[test]
    fn other_types_have_none_and_schema1_is_recognised() {
        for media_type in [
            "",
            "application/json",
            OCI_CONFIG,
            OCI_EMPTY,
            DOCKER_SCHEMA1,
            DOCKER_SCHEMA1_SIGNED,
        ] {
            assert_eq!(
                ManifestKind::from_media_type(media_type),
                None,
                "{media_type}"
            );
        }
        assert!(is_docker_schema1(DOCKER_SCHEMA1));
        assert!(is_docker_schema1(
            "application/vnd.docker.distribution.manifest.v1+prettyjws; a=b"
        ));
        assert!(!is_docker_schema1(DOCKER_MANIFEST));
    }

    #[test]
    fn a_media_type_is_two_tokens() {
        for text in [
            "a/b",
            "text/plain",
            "application/x+y;version=1.4",
            "a/b; c=\"d e\"",
            "A/B",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let too_long = format!("a/{}", "b".repeat(254));
        for text in [
            "", "a", "/", "a/", "/b", "a/b/c", "a b/c", "a/b c", "a/é", "a/b;\n", " a/b", &too_long,
        ] {
            assert!(
                matches!(check(text), Err(ParseError::MediaType { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn foreign_layers_are_recognised() {
        assert!(is_non_distributable(
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        ));
        assert!(!is_non_distributable(
            "application/vnd.oci.image.layer.v1.tar+gzip"
        ));
    }

    #[test]
    fn no_accept_header_takes_everything() {
        assert!(accepts(&[], OCI_INDEX));
        assert!(accepts(&["", " , "], OCI_INDEX));
    }

    #[test]
    fn exact_types_and_wildcards_match() {
        assert!(accepts(&[OCI_INDEX], OCI_INDEX));
        assert!(accepts(&["text/plain", "application/*"], OCI_INDEX));
        assert!(accepts(&["text/plain, */*;q=0.1"], OCI_INDEX));
        assert!(!accepts(&["text/*, image/png"], OCI_INDEX));
        assert!(!accepts(&[OCI_MANIFEST], OCI_INDEX));
        assert!(!accepts(&["*"], OCI_INDEX));
    }

    #[test]
    fn the_most_specific_range_decides() {
        let refused = format!("*/*, {OCI_INDEX};q=0");
        assert!(!accepts(&[&refused], OCI_INDEX));
        assert!(accepts(&[&refused], OCI_MANIFEST));
        assert!(accepts(&["application/*;q=0", OCI_INDEX], OCI_INDEX));
        assert!(!accepts(&["*/*;q=0.000"], OCI_INDEX));
        assert!(accepts(&["*/*;q=nonsense"], OCI_INDEX));
    }
}
