//! Public keys of services as JWKs, and signed requests about them.
//!
//! Reading needs no login. A service hands in a key by `PUT` and takes it back by `DELETE`, each
//! with a Bearer token that its own key or an approved key of the service signed, meant for this
//! registry's URL.
//!
//! Quay: `endpoints/keyserver/`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use serde_json::{Value, json};
use slipway_actors::Origin;
use slipway_actors::account::ListServiceKeys;
use slipway_actors::account::key_server::{
    FindServiceKey, KeyFate, SignedRequest, SubmitKey, TakeBackKey,
};
use slipway_auth::challenge::{Credentials, parse_authorization};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::edge::body::read_whole;
use crate::edge::{AppState, ClientInfo};
use crate::v2::path::decode;

const MAX_KEY_BYTES: usize = 16 * 1024;
/// How long a key may be kept by whoever read it, seconds.
const MAX_AGE_S: i64 = 86_400;

/// `GET /keys/services/{service}/keys`: those that are approved and have not expired.
///
/// # Errors
/// 404 for what cannot be a name, and when the database is away.
pub async fn list(state: Data<AppState>, service: Path<String>) -> Result<HttpResponse, ApiError> {
    let service = service.into_inner();
    if service.contains('\0') {
        return Err(ApiError::not_found());
    }
    let keys = state
        .actors
        .ask_accounts(ListServiceKeys { service })
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "keys": keys })))
}

/// `GET /keys/services/{service}/keys/{kid}`.
///
/// # Errors
/// 404 for an unknown key, 409 for one that waits for approval, 403 for one that has expired.
pub async fn find(
    state: Data<AppState>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (service, kid) = path.into_inner();
    if service.contains('\0') || kid.contains('\0') {
        return Err(ApiError::not_found());
    }
    let key = state
        .actors
        .perform(FindServiceKey { service, kid })
        .await?;
    if !key.approved {
        let text = "the key is not approved yet";
        return Err(ApiError::message(StatusCode::CONFLICT, text));
    }
    if key.is_expired {
        let text = "the key has expired";
        return Err(ApiError::message(StatusCode::FORBIDDEN, text));
    }
    let mut jwk = key.jwk;
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".to_owned(), Value::String(key.kid));
    }
    let left_s = key.expires_at_s.map_or(MAX_AGE_S, |at_s| at_s - now_s());
    let max_age_s = left_s.clamp(0, MAX_AGE_S);
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", format!("max-age={max_age_s}")))
        .json(jwk))
}

/// `PUT /keys/services/{service}/keys/{kid}?rotation=&expiration=`: 202 for a key that waits for
/// approval, 200 for one that replaces the key which signed the request.
///
/// # Errors
/// 400 for a malformed key or token and a taken name, 403 when the signer is no approved key.
pub async fn submit(
    request: HttpRequest,
    state: Data<AppState>,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let signed = signed_request(&request, &state, path.into_inner())?;
    let stall = state.config.server.body_stall_timeout;
    let bytes = read_whole(payload, None, MAX_KEY_BYTES, stall).await;
    let bytes = bytes.map_err(|_| ApiError::bad_request())?;
    let work = SubmitKey {
        request: signed,
        jwk: serde_json::from_slice(&bytes).map_err(|_| ApiError::bad_request())?,
        expires_at_s: read_number(&request, "expiration")?,
        rotation_duration_s: read_number(&request, "rotation")?,
    };
    Ok(match state.actors.perform(work).await? {
        KeyFate::Waits => HttpResponse::Accepted().finish(),
        KeyFate::Replaces => HttpResponse::Ok().finish(),
    })
}

/// `DELETE /keys/services/{service}/keys/{kid}`: 204.
///
/// # Errors
/// 400 for a malformed token, 403 when the signer is no approved key, 404 for an unknown key.
pub async fn take_back(
    request: HttpRequest,
    state: Data<AppState>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let signed = signed_request(&request, &state, path.into_inner())?;
    let work = TakeBackKey { request: signed };
    state.actors.perform(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn signed_request(
    request: &HttpRequest,
    state: &AppState,
    (service, kid): (String, String),
) -> Result<SignedRequest, ApiError> {
    let client = ClientInfo::of(request, state);
    if client.address.is_some_and(|address| !state.admits(address)) {
        return Err(ApiError::too_many());
    }
    if state.is_read_only() {
        return Err(ApiError::read_only());
    }
    if service.contains('\0') || kid.contains('\0') {
        return Err(ApiError::not_found());
    }
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let Ok(Credentials::Bearer(token)) = parse_authorization(header("authorization")) else {
        return Err(ApiError::bad_request());
    };
    Ok(SignedRequest {
        service,
        kid,
        token,
        audience: client.base_url(state),
        origin: Origin {
            ip: client.address.map(|address| address.to_string()),
            request_id: Some(Uuid::new_v4().simple().to_string()),
            ..Origin::default()
        },
        user_agent: header("user-agent").map(str::to_owned),
    })
}

/// A whole number of the query; a fraction is cut off.
fn read_number(request: &HttpRequest, name: &str) -> Result<Option<i64>, ApiError> {
    let pairs = request.query_string().split('&');
    let mut values = pairs.filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = values.find(|(known, value)| *known == name && !value.is_empty()) else {
        return Ok(None);
    };
    let text = decode(value).ok_or_else(ApiError::bad_request)?;
    let whole = text.split('.').next().unwrap_or_default();
    whole.parse().map(Some).map_err(|_| ApiError::bad_request())
}

fn now_s() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}
