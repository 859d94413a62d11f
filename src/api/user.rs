//! Users: so far only the first one.
//!
//! Quay: `endpoints/api/user.py`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use serde::Deserialize;
use serde_json::json;
use slipway_actors::account::CreateUser;
use slipway_auth::Secret;

use super::error::ApiError;
use crate::edge::AppState;
use crate::edge::body::read_whole;

/// The body of `POST /api/v1/user/initialize`.
#[derive(Deserialize)]
struct Initialize {
    username: String,
    password: String,
    email: Option<String>,
}

/// `POST /api/v1/user/initialize`: makes the first user, a superuser, while there is none.
///
/// # Errors
/// 400 when there are users, or for a name, password or e-mail that cannot be one; 404 when
/// switched off; 415 for a body that is not JSON.
pub async fn initialize(
    request: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    if !state.config.auth.user_initialize {
        return Err(ApiError::not_found());
    }
    if state.is_read_only() {
        return Err(ApiError::message(
            StatusCode::SERVICE_UNAVAILABLE,
            "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
        ));
    }
    let is_json = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.starts_with("application/json"));
    if !is_json {
        let text = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
        return Err(ApiError::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let limit = state.config.limits.max_api_body_bytes.len_usize();
    let stall = state.config.server.body_stall_timeout;
    let bytes = read_whole(payload, None, limit, stall)
        .await
        .map_err(|error| ApiError::invalid(&error.to_string()))?;
    let body: Initialize =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::invalid(&error.to_string()))?;
    let msg = CreateUser {
        username: body.username,
        password: Secret::new(body.password),
        email: body.email,
        superuser: true,
        only_first: true,
    };
    let user = state.actors.ask_accounts(msg).await?;
    Ok(HttpResponse::Ok().json(json!({
        "username": user.username,
        "email": user.email.unwrap_or_default(),
        "encrypted_password": "",
    })))
}
