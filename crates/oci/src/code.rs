//! The error codes of the registry protocol.
//!
//! Each [`OciCode`] has a wire text, the HTTP status it usually travels with and a default
//! message. The table follows the distribution specification, with the codes Quay adds and the
//! messages Quay sends; the edge may override status and message (an oversized body is
//! [`OciCode::SizeInvalid`] with 413, an unknown manifest media type is
//! [`OciCode::ManifestInvalid`] with 415).

use std::fmt;

/// An error code of the `/v2/` protocol.
///
/// Source: OCI distribution-spec, "Error codes"; Quay: `endpoints/v2/errors.py`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OciCode {
    /// The blob is not in this repository.
    BlobUnknown,
    /// The upload cannot be finished as asked.
    BlobUploadInvalid,
    /// There is no such upload.
    BlobUploadUnknown,
    /// The digest is malformed, or not the one of the content.
    DigestInvalid,
    /// A manifest names a blob that is not in this repository.
    ///
    /// Quirk: 400 as Quay answers it, though the code's older definition went with 404.
    ManifestBlobUnknown,
    /// The manifest is refused.
    ManifestInvalid,
    /// The manifest is not in this repository.
    ManifestUnknown,
    /// The repository name is malformed.
    NameInvalid,
    /// There is no such repository.
    NameUnknown,
    /// A length is not the announced one, or too large.
    SizeInvalid,
    /// The caller has to authenticate, or to authenticate better.
    Unauthorized,
    /// The caller is known and may not do this.
    Denied,
    /// The registry does not do this.
    Unsupported,
    /// The caller asks too often.
    TooManyRequests,
    /// More tags are asked for than one answer holds (Quay).
    TooManyTagsRequested,
    /// The tag is malformed.
    TagInvalid,
    /// The tag existed and has expired or was deleted (Quay).
    TagExpired,
    /// The tag may not be moved or deleted (Quay).
    TagImmutable,
    /// The request is malformed (Quay).
    InvalidRequest,
    /// The registry cannot answer for the moment.
    Unavailable,
}

impl OciCode {
    /// Every code, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::BlobUnknown,
        Self::BlobUploadInvalid,
        Self::BlobUploadUnknown,
        Self::DigestInvalid,
        Self::ManifestBlobUnknown,
        Self::ManifestInvalid,
        Self::ManifestUnknown,
        Self::NameInvalid,
        Self::NameUnknown,
        Self::SizeInvalid,
        Self::Unauthorized,
        Self::Denied,
        Self::Unsupported,
        Self::TooManyRequests,
        Self::TooManyTagsRequested,
        Self::TagInvalid,
        Self::TagExpired,
        Self::TagImmutable,
        Self::InvalidRequest,
        Self::Unavailable,
    ];

    /// Wire text, HTTP status and default message of a code.
    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BlobUnknown => ("BLOB_UNKNOWN", 404, "blob unknown to registry"),
            Self::BlobUploadInvalid => ("BLOB_UPLOAD_INVALID", 400, "blob upload invalid"),
            Self::BlobUploadUnknown => (
                "BLOB_UPLOAD_UNKNOWN",
                404,
                "blob upload unknown to registry",
            ),
            Self::DigestInvalid => (
                "DIGEST_INVALID",
                400,
                "provided digest did not match uploaded content",
            ),
            Self::ManifestBlobUnknown => (
                "MANIFEST_BLOB_UNKNOWN",
                400,
                "manifest blob unknown to registry",
            ),
            Self::ManifestInvalid => ("MANIFEST_INVALID", 400, "manifest invalid"),
            Self::ManifestUnknown => ("MANIFEST_UNKNOWN", 404, "manifest unknown"),
            Self::NameInvalid => ("NAME_INVALID", 400, "invalid repository name"),
            Self::NameUnknown => ("NAME_UNKNOWN", 404, "repository name not known to registry"),
            Self::SizeInvalid => (
                "SIZE_INVALID",
                400,
                "provided length did not match content length",
            ),
            Self::Unauthorized => (
                "UNAUTHORIZED",
                401,
                "access to the requested resource is not authorized",
            ),
            Self::Denied => ("DENIED", 403, "requested access to the resource is denied"),
            Self::Unsupported => ("UNSUPPORTED", 405, "The operation is unsupported."),
            Self::TooManyRequests => ("TOOMANYREQUESTS", 429, "too many requests"),
            Self::TooManyTagsRequested => {
                ("TOO_MANY_TAGS_REQUESTED", 413, "too many tags requested")
            }
            Self::TagInvalid => ("TAG_INVALID", 400, "manifest tag did not match URI"),
            Self::TagExpired => ("TAG_EXPIRED", 404, "Tag has expired"),
            Self::TagImmutable => ("TAG_IMMUTABLE", 409, "tag is immutable"),
            Self::InvalidRequest => ("INVALID_REQUEST", 400, "Invalid request"),
            Self::Unavailable => ("UNAVAILABLE", 503, "registry temporarily unavailable"),
        }
    }

    /// Answers the code as it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Answers the HTTP status the code travels with unless the edge knows better.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// Answers the message sent when the refusal has none of its own.
    #[must_use]
    pub const fn message(self) -> &'static str {
        self.row().2
    }
}

impl fmt::Display for OciCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_text_and_an_error_status() {
        let texts: BTreeSet<&str> = OciCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), OciCode::ALL.len());
        for code in OciCode::ALL {
            assert!((400..=599).contains(&code.status()), "{code}");
            assert!(
                code.as_str()
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            );
            assert!(!code.message().is_empty());
        }
    }

    #[test]
    fn statuses_are_those_of_quay() {
        assert_eq!(OciCode::ManifestBlobUnknown.status(), 400);
        assert_eq!(OciCode::TagExpired.status(), 404);
        assert_eq!(OciCode::TagImmutable.status(), 409);
        assert_eq!(OciCode::Unsupported.status(), 405);
        assert_eq!(OciCode::Denied.status(), 403);
    }
}
