//! The token service.
//!
//! Docker token specification; Quay: `endpoints/v2/v2auth.py`. POST takes the same parameters as a
//! form, as OAuth clients send them. Nothing is written: push is granted on a name that may be
//! created.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use serde_json::json;
use slipway_actors::account::{IssueToken, TokenCredentials};
use slipway_auth::challenge::{Credentials, parse_authorization};
use slipway_auth::scope::parse_scopes;
use slipway_auth::{ScopeError, Secret};
use slipway_oci::OciCode;

use super::error::OciError;
use super::{Exchange, V2Result, path};
use crate::api::date;
use crate::edge::body::read_whole;
use crate::edge::{ClientInfo, caller};

const FORM_BYTES: usize = 64 << 10;

/// What the parameters say, wherever they stood.
struct Form {
    scopes: Vec<String>,
    service: Option<String>,
    login: Option<(String, String)>,
}

/// Issues a token.
///
/// # Errors
/// 401 for wrong credentials or none at all, 400 for a scope that cannot be read.
pub async fn issue(exchange: &Exchange, payload: Option<Payload>) -> V2Result {
    let state = &*exchange.state;
    let form = match payload {
        Some(payload) => read_form(exchange, payload).await?,
        None => Form {
            scopes: exchange.query_all("scope"),
            service: exchange.query("service"),
            login: None,
        },
    };
    let credentials = read_credentials(exchange, form.login)?;
    let texts = form.scopes.iter().map(String::as_str);
    let scopes = parse_scopes(texts, &state.server_name).map_err(|error| match error {
        ScopeError::Name { .. } => OciError::new(OciCode::NameInvalid).message(error.to_string()),
        _ => OciError::new(OciCode::InvalidRequest).message(error.to_string()),
    })?;
    if matches!(credentials, TokenCredentials::Anonymous) && scopes.is_empty() {
        return Err(caller::unauthorized(exchange, Vec::new(), None));
    }
    let service = form.service.filter(|service| !service.is_empty());
    let service = service.unwrap_or_else(|| state.server_name.clone());
    let issued = state
        .actors
        .ask_accounts(IssueToken {
            credentials,
            service,
            scopes,
            address: ClientInfo::of(&exchange.request, state).address,
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-cache, no-store, must-revalidate"))
        .insert_header(("docker-distribution-api-version", "registry/2.0"))
        .json(json!({
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.expires_in_s,
            "issued_at": date::iso8601(issued.issued_at_s),
        })))
}

fn read_credentials(
    exchange: &Exchange,
    login: Option<(String, String)>,
) -> Result<TokenCredentials, OciError> {
    let wrong = || {
        OciError::new(OciCode::Unauthorized)
            .message("Invalid authorization header")
            .status(StatusCode::UNAUTHORIZED)
    };
    match parse_authorization(exchange.header("authorization")).map_err(|_| wrong())? {
        Credentials::Basic { username, password } => {
            Ok(TokenCredentials::Basic { username, password })
        }
        Credentials::Bearer(_) => Err(wrong()),
        Credentials::Anonymous => Ok(match login {
            Some((username, password)) => TokenCredentials::Basic {
                username,
                password: Secret::new(password),
            },
            None => TokenCredentials::Anonymous,
        }),
    }
}

async fn read_form(exchange: &Exchange, payload: Payload) -> Result<Form, OciError> {
    let stall = exchange.state.config.server.body_stall_timeout;
    let bytes = read_whole(payload, exchange.content_length(), FORM_BYTES, stall)
        .await
        .map_err(|error| OciError::new(OciCode::InvalidRequest).message(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = path::decode(key).zip(path::decode(&value.replace('+', "%20")));
        let plain = decoded.filter(|(_, value)| !value.contains('\0'));
        pairs.push(plain.ok_or_else(|| {
            OciError::new(OciCode::InvalidRequest).message("the form is not plain UTF-8")
        })?);
    }
    let find = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, v)| v.clone())
    };
    match find("grant_type").as_deref() {
        None | Some("password") => {}
        Some(other) => {
            let text = format!("grant type `{other}` is not supported");
            return Err(OciError::new(OciCode::InvalidRequest).message(text));
        }
    }
    Ok(Form {
        scopes: pairs
            .iter()
            .filter(|(key, _)| key == "scope")
            .map(|(_, v)| v.clone())
            .collect(),
        service: find("service"),
        login: find("username").zip(find("password")),
    })
}
