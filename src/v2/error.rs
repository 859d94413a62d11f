//! The only writer of error bodies on `/v2`.
//!
//! Every refusal of an actor has its code, status and message here; the matches are exhaustive, so
//! a new refusal does not compile until the wire has decided.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use slipway_actors::account::AccountError;
use slipway_actors::kernel::DispatchError;
use slipway_actors::repository::RepositoryError;
use slipway_actors::storage::BodyBroken;
use slipway_actors::upload::UploadError;
use slipway_oci::{Digest, ManifestError, OciCode, ParseError};

/// Seconds a client is told to wait when the registry cannot answer.
const RETRY_AFTER_S: &str = "2";

/// An error on its way to a client of `/v2`.
#[derive(Debug)]
pub struct OciError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: &'static str,
    status: StatusCode,
    entries: Vec<(String, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    is_read_only: bool,
    fault: Option<String>,
}

impl OciError {
    /// The code with its own status and message.
    #[must_use]
    pub fn new(code: OciCode) -> Self {
        Self(Box::new(Inner {
            code: code.as_str(),
            status: StatusCode::from_u16(code.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            entries: vec![(code.message().to_owned(), json!({}))],
            headers: Vec::new(),
            is_read_only: false,
            fault: None,
        }))
    }

    /// With another message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        if let Some(entry) = self.0.entries.first_mut() {
            entry.0 = message.into();
        }
        self
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// With another code's text.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.0.code = code;
        self
    }

    /// With a detail.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        if let Some(entry) = self.0.entries.first_mut() {
            entry.1 = detail;
        }
        self
    }

    /// With a header; one that cannot be sent is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// One entry for each digest.
    #[must_use]
    pub fn each(mut self, message: &str, digests: &[Digest]) -> Self {
        self.0.entries = digests
            .iter()
            .map(|digest| (format!("{message} `{digest}`"), json!({ "digest": digest })))
            .collect();
        self
    }

    /// The answer to a write while the registry takes none.
    #[must_use]
    pub fn read_only() -> Self {
        let mut error = Self::new(OciCode::Denied)
            .status(StatusCode::METHOD_NOT_ALLOWED)
            .message("System is currently read-only. Pulls will succeed but all write operations are currently suspended.");
        error.0.is_read_only = true;
        error
    }

    /// The answer when something is not there for the moment.
    #[must_use]
    pub fn unavailable(reason: &str) -> Self {
        let mut error = Self::new(OciCode::Unavailable).header("retry-after", RETRY_AFTER_S);
        error.0.fault = Some(reason.to_owned());
        error
    }

    /// The answer when too much is asked at once.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(OciCode::TooManyRequests).header("retry-after", RETRY_AFTER_S)
    }

    fn internal(reason: &str) -> Self {
        let mut error = Self::new(OciCode::Unavailable)
            .code("UNKNOWN")
            .status(StatusCode::INTERNAL_SERVER_ERROR)
            .message("internal error");
        error.0.fault = Some(reason.to_owned());
        error
    }

    /// What must be logged, for faults.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.0.fault.as_deref()
    }
}

impl fmt::Display for OciError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0.entries.first().map_or("", |entry| entry.0.as_str());
        write!(out, "{}: {message}", self.0.code)
    }
}

impl ResponseError for OciError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let inner = &*self.0;
        if let Some(fault) = &inner.fault {
            if inner.status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(fault, "a request failed");
            } else {
                tracing::warn!(fault, "a request could not be answered");
            }
        }
        let entries: Vec<Value> = inner
            .entries
            .iter()
            .map(|(message, detail)| {
                let mut entry = json!({ "code": inner.code, "message": message, "detail": detail });
                if inner.is_read_only
                    && let Some(object) = entry.as_object_mut()
                {
                    object.insert("is_readonly".to_owned(), Value::Bool(true));
                }
                entry
            })
            .collect();
        let mut response = HttpResponse::build(inner.status);
        for header in &inner.headers {
            response.insert_header(header.clone());
        }
        response
            .insert_header(("docker-distribution-api-version", "registry/2.0"))
            .json(json!({ "errors": entries }))
    }
}

impl From<ParseError> for OciError {
    fn from(error: ParseError) -> Self {
        let code = match &error {
            ParseError::UnsupportedAlgorithm { .. } | ParseError::Digest { .. } => {
                OciCode::DigestInvalid
            }
            ParseError::TagName { .. } => OciCode::TagInvalid,
            ParseError::RepositoryName { .. } | ParseError::NamespaceName { .. } => {
                OciCode::NameInvalid
            }
            ParseError::ContentRange { .. } => OciCode::BlobUploadInvalid,
            ParseError::PageSize { .. }
            | ParseError::MediaType { .. }
            | ParseError::StoredDigest { .. }
            | ParseError::HasherState { .. } => OciCode::InvalidRequest,
        };
        Self::new(code).message(error.to_string())
    }
}

impl From<ManifestError> for OciError {
    fn from(error: ManifestError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let code = if status == StatusCode::PAYLOAD_TOO_LARGE {
            OciCode::SizeInvalid
        } else {
            OciCode::ManifestInvalid
        };
        let text = error.to_string();
        Self::new(code)
            .status(status)
            .message(text.clone())
            .detail(json!({ "message": text }))
    }
}

impl From<DispatchError> for OciError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Full => Self::overloaded(),
            DispatchError::Gone | DispatchError::Deadline(_) | DispatchError::Panicked => {
                Self::unavailable(&error.to_string())
            }
        }
    }
}

impl From<RepositoryError> for OciError {
    fn from(error: RepositoryError) -> Self {
        let text = error.to_string();
        match error {
            RepositoryError::Unknown(_) => Self::new(OciCode::NameUnknown),
            RepositoryError::AlreadyExists(_) => Self::new(OciCode::Denied).message(text),
            RepositoryError::NamespaceUnknown(_) => Self::new(OciCode::Unsupported).message(text),
            RepositoryError::TooManyRepositories(_) => Self::new(OciCode::Denied).message(text),
            RepositoryError::NamespaceDisabled(_) => Self::new(OciCode::Denied)
                .status(StatusCode::METHOD_NOT_ALLOWED)
                .message(text),
            RepositoryError::NotWritable(_) => Self::new(OciCode::Denied)
                .status(StatusCode::METHOD_NOT_ALLOWED)
                .message(text),
            RepositoryError::TagUnknown(tag) => {
                Self::new(OciCode::ManifestUnknown).detail(json!({ "tag": tag }))
            }
            RepositoryError::TagExpired(tag) => Self::new(OciCode::TagExpired).message(format!(
                "Tag {tag} was deleted or has expired. To pull, revive via time machine"
            )),
            RepositoryError::TagImmutable(tag) => Self::new(OciCode::TagImmutable)
                .detail(json!({ "message": format!("tag '{tag}' is immutable") })),
            RepositoryError::TagCannotExpire(_)
            | RepositoryError::TagExpiryPassed(_)
            | RepositoryError::LabelUnknown(_)
            | RepositoryError::LabelImmutable(_)
            | RepositoryError::LabelReserved(_)
            | RepositoryError::LabelKey(_) => Self::new(OciCode::InvalidRequest).message(text),
            RepositoryError::ManifestUnknown(reference) => {
                Self::new(OciCode::ManifestUnknown).detail(json!({ "reference": reference }))
            }
            RepositoryError::BlobUnknown(digest) => {
                Self::new(OciCode::BlobUnknown).detail(json!({ "digest": digest }))
            }
            RepositoryError::BlobsMissing(digests) => {
                Self::new(OciCode::ManifestBlobUnknown).each("Unknown blob", &digests)
            }
            RepositoryError::WrongSizes(digests) => Self::new(OciCode::ManifestInvalid).each(
                "the descriptor states another size than the blob has:",
                &digests,
            ),
            RepositoryError::ChildrenMissing(digests) => Self::new(OciCode::ManifestBlobUnknown)
                .each("Could not find child manifest with digest", &digests),
            RepositoryError::HeldByParents(digests) => Self::new(OciCode::Denied)
                .status(StatusCode::CONFLICT)
                .each("the manifest is part of index", &digests),
            RepositoryError::HeldBySiblings(tags) => Self::new(OciCode::Denied)
                .status(StatusCode::CONFLICT)
                .message(text)
                .detail(json!({ "tags": tags })),
            RepositoryError::BlobNeeded(digest) => Self::new(OciCode::Unsupported)
                .message(text)
                .detail(json!({ "digest": digest })),
            RepositoryError::Unavailable(reason) => Self::unavailable(&reason),
            RepositoryError::Dispatch(error) => error.into(),
            RepositoryError::Internal(reason) => Self::internal(&reason),
        }
    }
}

impl From<UploadError> for OciError {
    fn from(error: UploadError) -> Self {
        let text = error.to_string();
        match error {
            UploadError::Unknown => Self::new(OciCode::BlobUploadUnknown),
            UploadError::Busy => Self::new(OciCode::BlobUploadInvalid)
                .status(StatusCode::CONFLICT)
                .message(text),
            UploadError::OutOfOrder { .. } => Self::new(OciCode::BlobUploadInvalid)
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .message(text),
            UploadError::WrongLength { .. } => Self::new(OciCode::SizeInvalid).message(text),
            UploadError::WrongDigest { actual } => Self::new(OciCode::DigestInvalid)
                .message("the digest is not the content's")
                .detail(json!({ "actual": actual })),
            UploadError::TooLarge { .. } | UploadError::TooManyPieces => {
                Self::new(OciCode::SizeInvalid)
                    .status(StatusCode::PAYLOAD_TOO_LARGE)
                    .message(text)
            }
            UploadError::Body(broken) => broken.into(),
            UploadError::NoSpace => Self::new(OciCode::Unavailable)
                .status(StatusCode::INSUFFICIENT_STORAGE)
                .message(text),
            UploadError::TooMany => Self::overloaded(),
            UploadError::Unavailable(reason) => Self::unavailable(&reason),
            UploadError::Dispatch(error) => error.into(),
            UploadError::Internal(reason) => Self::internal(&reason),
        }
    }
}

impl From<BodyBroken> for OciError {
    fn from(broken: BodyBroken) -> Self {
        let status = match broken {
            BodyBroken::Stalled => StatusCode::REQUEST_TIMEOUT,
            BodyBroken::Refused => StatusCode::PAYLOAD_TOO_LARGE,
            BodyBroken::Disconnected | BodyBroken::Malformed => StatusCode::BAD_REQUEST,
        };
        let code = match broken {
            BodyBroken::Refused => OciCode::SizeInvalid,
            _ => OciCode::BlobUploadInvalid,
        };
        Self::new(code).status(status).message(broken.to_string())
    }
}

impl From<AccountError> for OciError {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::WrongPassword
            | AccountError::Disabled
            | AccountError::WrongCredential(_)
            | AccountError::Unverified
            | AccountError::Forbidden
            | AccountError::NoAnonymous => Self::new(OciCode::Unauthorized).message(text),
            AccountError::Throttled { retry_after_s } => Self::new(OciCode::TooManyRequests)
                .message(text)
                .header("retry-after", retry_after_s.to_string()),
            AccountError::Flooded { retry_after_s } => Self::new(OciCode::TooManyRequests)
                .message(text)
                .header("retry-after", retry_after_s.to_string()),
            AccountError::InvalidAdmin(_)
            | AccountError::NotEmpty
            | AccountError::NotFound
            | AccountError::Invalid(_)
            | AccountError::Rejected(_)
            | AccountError::Taken(_)
            | AccountError::InvalidName(_)
            | AccountError::InvalidPassword
            | AccountError::InvalidEmail(_) => Self::new(OciCode::InvalidRequest).message(text),
            AccountError::Busy => Self::overloaded(),
            AccountError::Unavailable(reason) => Self::unavailable(&reason),
            AccountError::Dispatch(error) => error.into(),
            AccountError::Internal(reason) => Self::internal(&reason),
        }
    }
}
