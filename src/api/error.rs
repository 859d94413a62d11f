//! The only writer of error bodies on `/api/v1`.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};
use slipway_actors::account::AccountError;

/// An error on its way to a client of `/api/v1`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// Quay's `{"message": …}` shape.
    #[must_use]
    pub fn message(status: StatusCode, text: &str) -> Self {
        Self {
            status,
            body: json!({ "message": text }),
            retry_after_s: None,
        }
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
        Self {
            status,
            body,
            retry_after_s: None,
        }
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::problem(StatusCode::NOT_FOUND, "not_found", "Not Found")
    }

    /// 400 with a text.
    #[must_use]
    pub fn invalid(text: &str) -> Self {
        Self::problem(StatusCode::BAD_REQUEST, "invalid_request", text)
    }

    fn unavailable() -> Self {
        let text = "the database cannot be reached, try again";
        Self {
            retry_after_s: Some(2),
            ..Self::message(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
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
        response.json(&self.body)
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::WrongPassword | AccountError::WrongCredential(_) => {
                Self::problem(StatusCode::FORBIDDEN, "invalid_token", &text)
            }
            AccountError::Disabled => {
                Self::problem(StatusCode::FORBIDDEN, "insufficient_scope", &text)
            }
            AccountError::Throttled { retry_after_s } => Self {
                retry_after_s: Some(retry_after_s),
                ..Self::message(StatusCode::TOO_MANY_REQUESTS, &text)
            },
            AccountError::NoAnonymous => Self {
                body: json!({ "error": text }),
                ..Self::message(StatusCode::UNAUTHORIZED, "")
            },
            AccountError::NotEmpty => Self::message(StatusCode::BAD_REQUEST, &text),
            AccountError::Taken(_)
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

/// The answer to an unknown path.
pub async fn unknown_path(_: HttpRequest) -> HttpResponse {
    ApiError::not_found().error_response()
}

/// The answer to a method that a known path does not have.
pub async fn wrong_method(_: HttpRequest) -> HttpResponse {
    let text = "The method is not allowed for the requested URL.";
    ApiError::message(StatusCode::METHOD_NOT_ALLOWED, text).error_response()
}
