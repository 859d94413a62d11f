//! What the actors hold, for superusers, and the usage log's rows about pulls.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use serde_json::json;
use slipway_actors::account::CheckLogin;
use slipway_actors::kernel::DispatchError;
use slipway_auth::challenge::{Credentials, parse_authorization};
use slipway_oci::{Digest, OciCode, RepositoryName, TagName};

use crate::edge::{AppState, Caller, ClientInfo};
use crate::v2::Exchange;
use crate::v2::error::OciError;

const SHOWN: usize = 100;

/// Leaves a row about a pull in the usage log.
///
/// # Errors
/// 503 under `audit.strict` when the row cannot be kept.
pub fn record_pull(
    exchange: &Exchange,
    caller: &Caller,
    name: &RepositoryName,
    digest: &Digest,
    tag: Option<&TagName>,
) -> Result<(), OciError> {
    let pull = slipway_actors::ledger::Pull {
        repository: name.clone(),
        digest: *digest,
        tag: tag.cloned(),
        performer: caller.account,
        address: exchange.facts.client.address,
    };
    match exchange.state.actors.record_pull(pull) {
        Err(DispatchError::Full) if exchange.state.config.audit.strict => {
            Err(OciError::unavailable("the usage log is full"))
        }
        _ => Ok(()),
    }
}

/// Asks for a superuser's name and password by Basic; for pages that only superusers see.
///
/// # Errors
/// 401 without a login, 403 for anybody else.
pub async fn require_superuser(request: &HttpRequest, state: &AppState) -> Result<(), OciError> {
    let text = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let Ok(Credentials::Basic { username, password }) = parse_authorization(text) else {
        let error = OciError::new(OciCode::Unauthorized);
        return Err(error.header("www-authenticate", "Basic realm=\"slipway\""));
    };
    if state
        .actors
        .ask_accounts(CheckLogin {
            username,
            password,
            address: ClientInfo::of(request, state).address,
        })
        .await?
    {
        return Ok(());
    }
    Err(OciError::new(OciCode::Denied).status(StatusCode::FORBIDDEN))
}

/// `GET /debug/actors`: what the actors hold.
pub async fn actors(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    match describe(&request, &state).await {
        Ok(response) => response,
        Err(error) => error.error_response(),
    }
}

async fn describe(request: &HttpRequest, state: &AppState) -> Result<HttpResponse, OciError> {
    require_superuser(request, state).await?;
    let seen = state.actors.observe(SHOWN).await?;
    let repositories: Vec<_> = seen
        .repositories
        .iter()
        .map(|(repository, waiting)| json!({ "state": repository, "waiting": waiting }))
        .collect();
    let uploads: Vec<_> = seen
        .uploads
        .iter()
        .map(|(id, upload)| json!({ "id": id, "state": upload }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "repository_actors": seen.repository_count,
        "repository_mailbox": seen.repository_mailbox,
        "upload_actors": seen.upload_count,
        "repositories": repositories,
        "uploads": uploads,
        "blob_index": seen.blob_index,
        "ledger": seen.ledger,
        "database": { "busy": seen.database_busy, "idle": seen.database_idle },
    })))
}
