//! What the kinds of errors mean; error bodies point here.
//!
//! Quay: `endpoints/api/error.py`, `endpoints/exception.py`.

use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};

const KINDS: [(&str, &str); 12] = [
    ("downstream_issue", "Another service that is needed failed."),
    ("exceeds_license", "The licence does not cover this."),
    ("expired_token", "The token was valid once and is too old."),
    (
        "external_service_timeout",
        "Another service did not answer in time.",
    ),
    (
        "fresh_login_required",
        "The password must be given again before this.",
    ),
    (
        "insufficient_scope",
        "The caller or its token may not do this.",
    ),
    (
        "invalid_request",
        "The request is malformed or asks for what cannot be.",
    ),
    (
        "invalid_response",
        "An answer did not have the form it should have.",
    ),
    (
        "invalid_token",
        "There is no login, or its token is not valid.",
    ),
    ("not_found", "There is no such thing."),
    ("tag_immutable", "The tag is immutable."),
    ("token_rotation_failed", "The token could not be replaced."),
];

/// The operations of this file.
pub const OPERATIONS: &[Operation] =
    &[
        Operation::get("getErrorDescription", "/error/{error_type}", run!(describe))
            .summary("Say what a kind of error means."),
    ];

/// `GET /error/{error_type}`: 200 `{type, title, description}`.
async fn describe(call: Call) -> ApiResult {
    let wanted = call.path("error_type");
    let known = KINDS.iter().find(|(kind, _)| *kind == wanted);
    let (kind, description) = known.ok_or_else(ApiError::not_found)?;
    call.answer(&json!({
        "type": format!("{}/api/v1/error/{kind}", call.base_url()),
        "title": kind,
        "description": description,
    }))
}
