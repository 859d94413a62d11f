//! The page that links in mailed invitations lead to.
//!
//! It is opened in a browser: one that is signed in joins the team and is shown it, any other is
//! sent to sign in or up with the code, which accepts there.
//!
//! Quay: `endpoints/web.py`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use slipway_actors::account::AccountError;
use slipway_actors::account::admission::{Admit, Caller, Presented, Target, origin_of};
use slipway_actors::account::team_invite::{AnswerInvite, InviteAnswer, is_code};

use super::cookie;
use super::error::ApiError;
use super::recovery::{code_of, guarded_page, redirect};
use crate::edge::{AppState, ClientInfo};

/// `GET /confirminvite?code=`: accepts an invitation; 302 to the team, or to where one signs in.
pub async fn confirm_page(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    if !state.config.has_mail() {
        return ApiError::not_found().error_response();
    }
    let client = ClientInfo::of(&request, &state);
    if client.address.is_some_and(|address| !state.admits(address)) {
        return ApiError::too_many().error_response();
    }
    let code = code_of(&request).filter(|code| is_code(code.expose()));
    let Some(code) = code else {
        return refuse(AccountError::NotFound);
    };
    let presented = Presented {
        cookie: cookie::read(&request),
        bearer: None,
    };
    let target = Target::Registry;
    let admission = match state.actors.perform(Admit { presented, target }).await {
        Ok(admission) => admission,
        Err(error) => return refuse(error),
    };
    let ip = client.address.map(|address| address.to_string());
    accept(&state, &admission.caller, code.expose(), ip).await
}

async fn accept(state: &AppState, caller: &Caller, code: &str, ip: Option<String>) -> HttpResponse {
    let Some(account) = caller.account() else {
        return redirect(state, &format!("/signin?invite_code={code}"));
    };
    if state.is_read_only() {
        let text = "The registry takes no writes, try again later.";
        return guarded_page(StatusCode::SERVICE_UNAVAILABLE, "Not now", text);
    }
    let request_id = uuid::Uuid::new_v4().simple().to_string();
    let work = AnswerInvite {
        code: code.to_owned(),
        answer: InviteAnswer::Accept,
        account,
        username: caller.name().to_owned(),
        origin: origin_of(caller, ip, Some(request_id)),
    };
    match state.actors.perform(work).await {
        Ok(joined) => redirect(
            state,
            &format!(
                "/organization/{}/teams/{}",
                joined.organization, joined.team
            ),
        ),
        Err(error) => refuse(error),
    }
}

fn refuse(error: AccountError) -> HttpResponse {
    match error {
        AccountError::NotFound | AccountError::Rejected(_) => guarded_page(
            StatusCode::FORBIDDEN,
            "Link not valid",
            "This invitation is for another account, was answered already, or was taken back.",
        ),
        other => ApiError::from(other).error_response(),
    }
}
