//! Taking a path below `/v2` apart.
//!
//! ```text
//! /v2/                              base
//! /v2/auth                          token service
//! /v2/_catalog                      catalog
//! /v2/<name>/tags/list
//! /v2/<name>/manifests/<reference>
//! /v2/<name>/referrers/<digest>
//! /v2/<name>/blobs/<digest>
//! /v2/<name>/blobs/uploads/         start
//! /v2/<name>/blobs/uploads/<id>
//! ```
//!
//! The pieces are texts as the client wrote them, percent-decoded; each handler parses its own.

use actix_web::http::StatusCode;
use slipway_oci::OciCode;

use super::error::OciError;

/// A path below `/v2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum V2Path {
    /// The base.
    Base,
    /// The token service.
    Token,
    /// The catalog.
    Catalog,
    /// Tags of a repository.
    Tags(String),
    /// A manifest by name and reference.
    Manifest(String, String),
    /// Referrers by name and digest.
    Referrers(String, String),
    /// A blob by name and digest.
    Blob(String, String),
    /// The start of uploads.
    Uploads(String),
    /// An upload by name and id.
    Upload(String, String),
}

impl V2Path {
    /// Takes `path` apart, which starts with `/v2`.
    ///
    /// # Errors
    /// 404 for a path that is none of these.
    pub fn parse(path: &str) -> Result<Self, OciError> {
        let decoded = decode(path).ok_or_else(unknown)?;
        let rest = decoded.strip_prefix("/v2").ok_or_else(unknown)?;
        let rest = match rest.strip_prefix('/') {
            Some(rest) => rest,
            None if rest.is_empty() => "",
            None => return Err(unknown()),
        };
        match rest {
            "" => return Ok(Self::Base),
            "auth" | "token" => return Ok(Self::Token),
            "_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Ok(Self::Tags(name.to_owned()));
        }
        let uploads = rest.strip_suffix("/blobs/uploads/");
        if let Some(name) = uploads.or_else(|| rest.strip_suffix("/blobs/uploads")) {
            return Ok(Self::Uploads(name.to_owned()));
        }
        let (front, last) = rest.rsplit_once('/').ok_or_else(unknown)?;
        let last = last.to_owned();
        if let Some(name) = front.strip_suffix("/blobs/uploads") {
            return Ok(Self::Upload(name.to_owned(), last));
        }
        let (name, kind) = front.rsplit_once('/').ok_or_else(unknown)?;
        let name = name.to_owned();
        match kind {
            "manifests" => Ok(Self::Manifest(name, last)),
            "blobs" => Ok(Self::Blob(name, last)),
            "referrers" => Ok(Self::Referrers(name, last)),
            _ => Err(unknown()),
        }
    }
}

impl V2Path {
    /// The kind of path, as traces name it.
    #[must_use]
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::Base => "/v2/",
            Self::Token => "/v2/auth",
            Self::Catalog => "/v2/_catalog",
            Self::Tags(_) => "/v2/{name}/tags/list",
            Self::Manifest(..) => "/v2/{name}/manifests/{reference}",
            Self::Referrers(..) => "/v2/{name}/referrers/{digest}",
            Self::Blob(..) => "/v2/{name}/blobs/{digest}",
            Self::Uploads(_) => "/v2/{name}/blobs/uploads/",
            Self::Upload(..) => "/v2/{name}/blobs/uploads/{id}",
        }
    }
}

fn unknown() -> OciError {
    OciError::new(OciCode::InvalidRequest)
        .status(StatusCode::NOT_FOUND)
        .message("there is nothing at this path")
}

/// Decodes percent escapes; `None` when the outcome is not UTF-8.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_the_words_of_the_protocol() {
        let parse = |path| V2Path::parse(path).unwrap();
        let text = str::to_owned;
        assert_eq!(parse("/v2/"), V2Path::Base);
        assert_eq!(parse("/v2"), V2Path::Base);
        assert_eq!(parse("/v2/a/blobs/uploads/"), V2Path::Uploads(text("a")));
        assert_eq!(
            parse("/v2/a/blobs/manifests/blobs/x"),
            V2Path::Blob(text("a/blobs/manifests"), text("x"))
        );
        assert_eq!(
            parse("/v2/a/manifests/sha256%3Aab"),
            V2Path::Manifest(text("a"), text("sha256:ab"))
        );
        assert_eq!(
            parse("/v2/tags/list/tags/list"),
            V2Path::Tags(text("tags/list"))
        );
        assert_eq!(
            parse("/v2/a/b/blobs/uploads/u"),
            V2Path::Upload(text("a/b"), text("u"))
        );
        assert!(V2Path::parse("/v2/a").is_err());
        assert!(V2Path::parse("/v2/a/b/c").is_err());
        assert!(V2Path::parse("/v2x/").is_err());
        assert!(V2Path::parse("/v2/%ff/manifests/x").is_err());
    }
}
