//! Codes that were mailed: asking for one, and the pages that links in mails lead to.
//!
//! A link is opened by whoever reads the mail, in any browser. Proving an address therefore signs
//! nobody in; only the link for a forgotten password does, once, since that is what it is for. The
//! pages say nothing about the user and are neither kept nor framed.
//!
//! Quay: `endpoints/web.py`, `endpoints/api/user.py`.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use serde_json::json;
use slipway_actors::Origin;
use slipway_actors::account::recovery::{ConfirmEmail, RecoverLogin, RequestRecovery};
use slipway_actors::account::{AccountError, session::NewSession};
use slipway_auth::Secret;

use super::call::Call;
use super::cookie;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Schema, TEXT, optional, required};
use crate::edge::{AppState, ClientInfo};
use crate::v2::path::decode;

const RECOVERY: Schema = Schema::object(
    "RequestRecovery",
    "Whose password is forgotten.",
    &[
        required("email", TEXT, "The user's e-mail"),
        optional("recaptcha_response", TEXT, "Ignored"),
    ],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] =
    &[
        Operation::post("requestRecoveryEmail", "/recovery", run!(request))
            .summary("Ask for a mail with a link to choose a new password.")
            .body(&RECOVERY)
            .feature(|config| config.has_mail())
            .anonymous()
            .internal(),
    ];

/// `POST /recovery`: 200 `{"status": "sent"}`, whether the address is known or not.
async fn request(call: Call) -> ApiResult {
    let work = RequestRecovery {
        email: call.required_text("email").to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.answer(&json!({ "status": "sent" }))
}

/// `GET /confirm?code=`: proves an address; 302 to the start page.
pub async fn confirm_page(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let work = code_of(&request).map(|code| ConfirmEmail {
        code,
        origin: origin(&request, &state),
    });
    let outcome = match work {
        Some(work) => state.actors.perform(work).await,
        None => Err(AccountError::NotFound),
    };
    match outcome {
        Ok(()) => redirect(&state, "/"),
        Err(error) => refuse(error),
    }
}

/// `GET /recovery?code=`: signs in once; 302 to where a new password is chosen.
pub async fn recovery_page(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let agent = request.headers().get(header::USER_AGENT);
    let work = code_of(&request).map(|code| RecoverLogin {
        code,
        origin: origin(&request, &state),
        user_agent: agent
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    });
    let outcome = match work {
        Some(work) => state.actors.perform(work).await,
        None => Err(AccountError::NotFound),
    };
    match outcome {
        Ok((session, name)) => signed_in(&request, &state, &session, &name),
        Err(error) => refuse(error),
    }
}

fn signed_in(
    request: &HttpRequest,
    state: &AppState,
    session: &NewSession,
    name: &str,
) -> HttpResponse {
    let mut response = redirect(state, &format!("/user/{name}?tab=settings&action=password"));
    let client = ClientInfo::of(request, state);
    cookie::set(&mut response, state, &client, session.cookie.expose());
    response
}

/// The code of a link.
pub(super) fn code_of(request: &HttpRequest) -> Option<Secret> {
    let mut pairs = request.query_string().split('&');
    let code = pairs.find_map(|pair| pair.strip_prefix("code="))?;
    decode(code).map(Secret::new)
}

fn origin(request: &HttpRequest, state: &AppState) -> Origin {
    let address = ClientInfo::of(request, state).address;
    Origin {
        ip: address.map(|address| address.to_string()),
        ..Origin::default()
    }
}

/// The code must go neither to a cache nor, as referrer, to another site.
fn guarded(mut builder: HttpResponseBuilder) -> HttpResponseBuilder {
    builder
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"));
    builder
}

/// Sends the browser to a path of this registry.
pub(super) fn redirect(state: &AppState, target: &str) -> HttpResponse {
    let target = state.link(format_args!("{target}"));
    guarded(HttpResponse::Found())
        .insert_header((header::LOCATION, target))
        .finish()
}

fn refuse(error: AccountError) -> HttpResponse {
    let text = match error {
        AccountError::NotFound => "This link was used already, is too old, or is not complete.",
        AccountError::Taken(_) => "Another account has this e-mail address by now.",
        other => return ApiError::from(other).error_response(),
    };
    guarded_page(StatusCode::FORBIDDEN, "Link not valid", text)
}

/// A page with one sentence.
pub(super) fn guarded_page(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    guarded(HttpResponse::build(status))
        .content_type("text/html; charset=utf-8")
        .body(format!(
            "<!doctype html><html lang=\"en\"><title>{title}</title><p>{text}</p></html>\n"
        ))
}
