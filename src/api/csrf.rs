//! The CSRF token: given out, and demanded from requests that change something.
//!
//! Quay: `endpoints/csrf.py`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use serde_json::json;
use slipway_actors::account::admission::{Admit, Presented, Target};
use slipway_actors::account::session::BeginAnonymous;
use slipway_auth::Secret;

use super::cookie;
use super::error::ApiError;
use crate::edge::{AppState, ClientInfo};

const REFUSAL: &str = "CSRF token was invalid or missing.";

/// Compares the token of a request with the session's.
///
/// # Errors
/// 403 when it is missing or another one.
pub fn check(
    request: &HttpRequest,
    query: &[(String, String)],
    expected: Option<&str>,
) -> Result<(), ApiError> {
    let in_header = request.headers().get("x-csrf-token");
    let in_header = in_header.and_then(|value| value.to_str().ok());
    let in_query = query.iter().find(|(name, _)| name == cookie::NAME);
    let given = in_header.or_else(|| in_query.map(|(_, value)| value.as_str()));
    match (given, expected) {
        (Some(given), Some(expected)) if Secret::from(expected).matches(given) => Ok(()),
        _ => Err(ApiError::error(StatusCode::FORBIDDEN, REFUSAL)),
    }
}

/// `GET /csrf_token`: the token of this browser, with a cookie when it has none.
pub async fn give(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    match find_or_begin(&request, &state).await {
        Ok(response) => response,
        Err(error) => error.error_response(),
    }
}

async fn find_or_begin(request: &HttpRequest, state: &AppState) -> Result<HttpResponse, ApiError> {
    let presented = Presented {
        cookie: cookie::read(request),
        bearer: None,
    };
    let target = Target::Registry;
    let admission = state.actors.perform(Admit { presented, target }).await?;
    if let Some(token) = admission.caller.csrf_token() {
        return Ok(HttpResponse::Ok().json(json!({ "csrf_token": token })));
    }
    let session = state.actors.perform(BeginAnonymous).await?;
    let mut response = HttpResponse::Ok().json(json!({ "csrf_token": session.csrf_token }));
    let client = ClientInfo::of(request, state);
    cookie::set(&mut response, state, &client, session.cookie.expose());
    Ok(response)
}
