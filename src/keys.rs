//! Public keys of the token service as JWKs.
//!
//! Quay: `endpoints/keyserver/`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;
use slipway_actors::account::ListServiceKeys;

use crate::api::error::ApiError;
use crate::edge::AppState;

/// `GET /keys/services/{service}/keys`.
///
/// # Errors
/// When the database is away.
pub async fn list(state: Data<AppState>, service: Path<String>) -> Result<HttpResponse, ApiError> {
    let msg = ListServiceKeys {
        service: service.into_inner(),
    };
    let keys = state.actors.ask_accounts(msg).await?;
    Ok(HttpResponse::Ok().json(json!({ "keys": keys })))
}

/// `GET /keys/services/{service}/keys/{kid}`.
///
/// # Errors
/// 404 for a key that is not valid.
pub async fn find(
    state: Data<AppState>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (service, kid) = path.into_inner();
    let keys = state
        .actors
        .ask_accounts(ListServiceKeys { service })
        .await?;
    let key = keys.into_iter().find(|key| key["kid"] == kid.as_str());
    let key = key.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "max-age=86400"))
        .json(key))
}
