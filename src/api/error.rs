//! The only writer of error bodies on `/api/v1`.
//!
//! Quay has several shapes side by side, and clients tell them apart: the *problem* (six members),
//! `{"message"}`, `{"error"}`, and plain text for the login throttle.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Map, Value, json};
use slipway_actors::account::AccountError;
use slipway_actors::kernel::DispatchError;
use slipway_actors::repository::RepositoryError;

/// An error on its way to a client of `/api/v1`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
    /// A body that is not JSON.
    text: Option<String>,
    retry_after_s: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body,
            text: None,
            retry_after_s: None,
        }
    }

    /// Quay's `{"message": …}` shape.
    #[must_use]
    pub fn message(status: StatusCode, text: &str) -> Self {
        Self::new(status, json!({ "message": text }))
    }

    /// Quay's `{"error": …}` shape.
    #[must_use]
    pub fn error(status: StatusCode, text: &str) -> Self {
        Self::new(status, json!({ "error": text }))
    }

    /// A body of another shape.
    #[must_use]
    pub fn body(status: StatusCode, body: Value) -> Self {
        Self::new(status, body)
    }

    /// Quay's problem shape.
    #[must_use]
    pub fn problem(status: StatusCode, kind: &str, text: &str) -> Self {
        let body = json!({
            "detail": text,
            "error_message": text,
            "error_type": kind,
            "title": kind,
            "type": format!("/api/v1/error/{kind}"),
            "status": status.as_u16(),
        });
        Self::new(status, body)
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// Makes the URL in the body absolute.
    #[must_use]
    pub fn located(mut self, base_url: &str) -> Self {
        let kind = self.body.get("type").and_then(Value::as_str);
        let absolute = kind.map(|path| format!("{base_url}{path}"));
        if let (Some(url), Some(members)) = (absolute, self.body.as_object_mut()) {
            set(members, "type", url);
        }
        self
    }

    /// 401: nobody is logged in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let text = "Requires authentication";
        Self::problem(StatusCode::UNAUTHORIZED, "invalid_token", text)
    }

    /// 401: the password must be given again.
    #[must_use]
    pub fn fresh_login_required() -> Self {
        let text = "Requires fresh login";
        Self::problem(StatusCode::UNAUTHORIZED, "fresh_login_required", text)
    }

    /// 403: the caller may not.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::problem(StatusCode::FORBIDDEN, "insufficient_scope", "Unauthorized")
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::problem(StatusCode::NOT_FOUND, "not_found", "Not Found")
    }

    /// 404 in the shape that a few operations have.
    #[must_use]
    pub fn no_such_url() -> Self {
        let text = "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.";
        Self::message(StatusCode::NOT_FOUND, text)
    }

    /// 400 with a text.
    #[must_use]
    pub fn invalid(text: &str) -> Self {
        Self::problem(StatusCode::BAD_REQUEST, "invalid_request", text)
    }

    /// 400 for a request that cannot be read.
    #[must_use]
    pub fn bad_request() -> Self {
        let text = "The browser (or proxy) sent a request that this server could not understand.";
        Self::message(StatusCode::BAD_REQUEST, text)
    }

    /// 400 for a query parameter of the wrong type.
    #[must_use]
    pub fn wrong_parameter(name: &str, doc: &str) -> Self {
        let mut members = Map::new();
        set(&mut members, name, doc.to_owned());
        Self::new(StatusCode::BAD_REQUEST, json!({ "message": members }))
    }

    /// 405.
    #[must_use]
    pub fn wrong_method() -> Self {
        let text = "The method is not allowed for the requested URL.";
        Self::message(StatusCode::METHOD_NOT_ALLOWED, text)
    }

    /// 413.
    #[must_use]
    pub fn too_large(text: &str) -> Self {
        Self::message(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    /// 415.
    #[must_use]
    pub fn not_json() -> Self {
        let text = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
        Self::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
    }

    /// 429.
    #[must_use]
    pub fn too_many() -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::message(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests, try again later",
            )
        }
    }

    /// 503: the registry takes no writes.
    #[must_use]
    pub fn read_only() -> Self {
        let text = "System is currently read-only. Pulls will succeed but all write operations are currently suspended.";
        Self::message(StatusCode::SERVICE_UNAVAILABLE, text).with("is_readonly", json!(true))
    }

    /// 409: the tag cannot be changed; `verb` says what was tried.
    #[must_use]
    pub fn tag_immutable(verb: &str, tag: &str) -> Self {
        let text = format!("Cannot {verb} immutable tag '{tag}'");
        Self::problem(StatusCode::CONFLICT, "tag_immutable", &text)
    }

    /// 503: the repository takes no changes in its state.
    fn wrong_state(state: &str) -> Self {
        let number = match state {
            "NORMAL" => 0,
            "READ_ONLY" => 1,
            "MIRROR" => 2,
            "MARKED_FOR_DELETION" => 3,
            _ => 4,
        };
        let text = format!("Repository is in read only or mirror mode: {number}");
        Self::message(StatusCode::SERVICE_UNAVAILABLE, &text)
    }

    fn throttled(text: String, retry_after_s: u64) -> Self {
        Self {
            text: Some(text),
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, Value::Null)
        }
    }

    fn unavailable() -> Self {
        let text = "the database cannot be reached, try again";
        Self {
            retry_after_s: Some(2),
            ..Self::message(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

fn set(members: &mut Map<String, Value>, name: &str, text: String) {
    members.insert(name.to_owned(), Value::String(text));
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.body.fmt(out)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after_s {
            response.insert_header(("retry-after", seconds.to_string()));
        }
        match &self.text {
            Some(text) => response
                .insert_header(("content-type", "text/html; charset=utf-8"))
                .body(text.clone()),
            None => response.json(&self.body),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        let signin = |unverified: bool, message: Value| {
            let body = json!({
                "needsEmailVerification": unverified,
                "invalidCredentials": !unverified,
                "message": message,
            });
            Self::new(StatusCode::FORBIDDEN, body)
        };
        match error {
            AccountError::WrongPassword
            | AccountError::WrongCredential(_)
            | AccountError::Disabled => signin(false, Value::String(text)),
            AccountError::Unverified => signin(true, Value::Null),
            AccountError::Throttled { retry_after_s } => Self::throttled(text, retry_after_s),
            AccountError::Flooded { retry_after_s } => Self {
                retry_after_s: Some(retry_after_s),
                ..Self::message(StatusCode::TOO_MANY_REQUESTS, &text)
            },
            AccountError::InvalidAdmin(_) => {
                Self::invalid(&text).with("reason", json!("invaliduser"))
            }
            AccountError::NoAnonymous => Self::error(StatusCode::UNAUTHORIZED, &text),
            AccountError::NotFound => Self::not_found(),
            AccountError::Forbidden => Self::forbidden(),
            AccountError::NotEmpty | AccountError::Rejected(_) => {
                Self::message(StatusCode::BAD_REQUEST, &text)
            }
            AccountError::Invalid(_)
            | AccountError::Taken(_)
            | AccountError::InvalidName(_)
            | AccountError::InvalidPassword
            | AccountError::InvalidEmail(_) => Self::invalid(&text),
            AccountError::Busy | AccountError::Unavailable(_) | AccountError::Dispatch(_) => {
                tracing::warn!(fault = text, "a request could not be answered");
                Self::unavailable()
            }
            AccountError::Internal(_) => {
                tracing::error!(fault = text, "a request failed");
                Self::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        let text = error.to_string();
        let rejected = |text: &str| Self::message(StatusCode::BAD_REQUEST, text);
        match error {
            RepositoryError::Unknown(_)
            | RepositoryError::NamespaceUnknown(_)
            | RepositoryError::TagUnknown(_)
            | RepositoryError::TagExpired(_)
            | RepositoryError::ManifestUnknown(_)
            | RepositoryError::BlobUnknown(_)
            | RepositoryError::LabelUnknown(_) => Self::not_found(),
            RepositoryError::AlreadyExists(_) => Self::invalid("Repository already exists"),
            RepositoryError::NamespaceDisabled(_) => Self::forbidden(),
            RepositoryError::NotWritable(state) => Self::wrong_state(&state),
            RepositoryError::TagImmutable(tag) => Self::tag_immutable("overwrite", &tag),
            RepositoryError::TagCannotExpire(tag) => {
                rejected(&format!("Cannot set expiration on immutable tag '{tag}'"))
            }
            RepositoryError::TagExpiryPassed(_) => Self::bad_request(),
            RepositoryError::LabelImmutable(_) => rejected("Cannot delete immutable label"),
            RepositoryError::LabelReserved(_) => rejected("Label has a reserved prefix"),
            RepositoryError::LabelKey(_) => rejected(
                "Label is of an invalid format or missing please use ^[a-z0-9](([a-z0-9]|[-.](?![.-]))*[a-z0-9])?$ format for labels",
            ),
            RepositoryError::TooManyRepositories(_)
            | RepositoryError::BlobsMissing(_)
            | RepositoryError::WrongSizes(_)
            | RepositoryError::ChildrenMissing(_) => Self::invalid(&text),
            RepositoryError::HeldByParents(_)
            | RepositoryError::HeldBySiblings(_)
            | RepositoryError::BlobNeeded(_) => Self::message(StatusCode::CONFLICT, &text),
            RepositoryError::Dispatch(DispatchError::Full) => Self::too_many(),
            RepositoryError::Unavailable(_) | RepositoryError::Dispatch(_) => {
                tracing::warn!(fault = text, "a request could not be answered");
                Self::unavailable()
            }
            RepositoryError::Internal(_) => {
                tracing::error!(fault = text, "a request failed");
                Self::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// The answer to an unknown path.
pub async fn unknown_path(_: HttpRequest) -> HttpResponse {
    ApiError::not_found().error_response()
}
