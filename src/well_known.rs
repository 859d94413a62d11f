//! Pages at fixed places that other programs look for.
//!
//! Quay: `endpoints/web.py`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use slipway_actors::account::admission::{Admit, Presented, Target};

use crate::api::cookie;
use crate::api::error::ApiError;
use crate::edge::{AppState, ClientInfo};

/// `GET /.well-known/app-capabilities`: where things are shown.
pub async fn app_capabilities(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let base = ClientInfo::of(&request, &state).base_url(&state);
    let repository = format!("{base}/api/v1/repository/{{namespace}}/{{reponame}}");
    HttpResponse::Ok().json(json!({
        "appName": "io.quay",
        "capabilities": {
            "io.quay.view-image": {
                "url-template": format!("{base}/{{namespace}}/{{reponame}}:{{tag}}"),
            },
            "io.quay.image-security": {
                "rest-api-template": format!("{repository}/image/{{imageid}}/security"),
                "deprecated": true,
            },
            "io.quay.manifest-security": {
                "rest-api-template": format!("{repository}/manifest/{{digest}}/security"),
            },
        },
    }))
}

/// `GET /.well-known/change-password`: leads a browser that is signed in to the user's settings.
///
/// # Errors
/// 401 without a session.
pub async fn change_password(
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let presented = Presented {
        cookie: cookie::read(&request),
        bearer: None,
    };
    let target = Target::Registry;
    let admission = state.actors.perform(Admit { presented, target }).await?;
    if admission.caller.account().is_none() {
        let text = "Method requires login and no valid login could be loaded.";
        return Err(ApiError::error(StatusCode::UNAUTHORIZED, text));
    }
    let name = admission.caller.name();
    Ok(HttpResponse::Found()
        .insert_header(("location", format!("/user/{name}?tab=settings")))
        .finish())
}
