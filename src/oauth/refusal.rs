//! What a request of OAuth is refused with: a short page for people, or `{"error"}` for programs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;
use slipway_actors::account::AccountError;

use super::page;

/// A refusal on its way to a browser or a program.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A page with one sentence.
    Page(StatusCode, &'static str),
    /// `{"error": …}`.
    Error(StatusCode, String),
}

impl Refusal {
    /// 400 with an error.
    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self::Error(StatusCode::BAD_REQUEST, error.into())
    }

    /// 400 for a request that cannot be read.
    pub(super) fn invalid() -> Self {
        Self::bad("invalid_request")
    }

    /// Writes it.
    pub(super) fn answer(&self) -> HttpResponse {
        match self {
            Self::Page(status, text) => page::plain(*status, text),
            Self::Error(status, error) => {
                HttpResponse::build(*status).json(json!({ "error": error }))
            }
        }
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::Page(StatusCode::NOT_FOUND, "Not found"),
            AccountError::Forbidden => Self::Page(StatusCode::FORBIDDEN, "Not allowed"),
            AccountError::Invalid(text) => Self::bad(text),
            other => {
                tracing::warn!(error = %other, "an authorization could not be answered");
                Self::Page(StatusCode::SERVICE_UNAVAILABLE, "Not available, try again")
            }
        }
    }
}
