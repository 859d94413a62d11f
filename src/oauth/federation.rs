//! `/oauth2/federation/robot/token`: robots that log in by a token of an outside issuer.
//!
//! The outside token comes as the robot's password. Every refusal that concerns it is a 401 with a
//! text; what an issuer answered stands in the log only, so that nobody looks around by it.
//!
//! Quay: `endpoints/oauth/robot_identity_federation.py`.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use serde_json::json;
use slipway_actors::Origin;
use slipway_actors::account::AccountError;
use slipway_actors::account::federation::ExchangeRobotToken;
use slipway_auth::challenge::{Credentials, parse_authorization};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::edge::{AppState, ClientInfo};

/// `GET /oauth2/federation/robot/token`: 200 with a token that is the robot's password until it ends.
pub async fn robot_token(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    match exchange(&request, &state).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = error.error_response();
            if response.status() == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Basic realm=\"robot\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

async fn exchange(request: &HttpRequest, state: &AppState) -> Result<HttpResponse, ApiError> {
    let client = ClientInfo::of(request, state);
    if client.address.is_some_and(|address| !state.admits(address)) {
        return Err(ApiError::too_many());
    }
    let header = request.headers().get("authorization");
    let header = header.map(|value| value.to_str().unwrap_or_default());
    let Ok(Credentials::Basic { username, password }) = parse_authorization(header) else {
        let text = "A robot's name and a token of its issuer are needed";
        return Err(ApiError::error(StatusCode::UNAUTHORIZED, text));
    };
    let message = ExchangeRobotToken {
        robot: username,
        token: password,
        origin: Origin {
            ip: client.address.map(|address| address.to_string()),
            request_id: Some(Uuid::new_v4().simple().to_string()),
            ..Origin::default()
        },
    };
    let token = state.actors.ask_accounts(message).await;
    let token = token.map_err(|error| match error {
        AccountError::WrongCredential(text) => ApiError::error(StatusCode::UNAUTHORIZED, &text),
        other => other.into(),
    })?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(json!({ "token": token.expose() })))
}
