//! OAuth for applications: `/oauth/authorize` and what follows from it.
//!
//! The pages here are for people with a session; nothing on them runs but a few lines that show a
//! token on `/oauth/localapp`. Every page forbids being framed. A browser is sent away only to an
//! address the account office has found to be the application's.
//!
//! Quay: `endpoints/web.py`; RFC 6749 sections 4.1 and 4.2.

pub mod federation;
mod form;
mod page;
mod refusal;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use slipway_actors::account::admission::{Admit, Caller, Presented, Target, origin_of};
use slipway_actors::account::application::MAX_TOKEN_LIFE_S;
use slipway_actors::account::oauth::{
    AssignToken, Authorize, ExchangeCode, GrantRequest, Outcome, Step,
};
use slipway_actors::{AccountId, Origin};
use slipway_auth::Secret;

use self::form::Form;
use self::refusal::Refusal;
use crate::api::cookie;
use crate::edge::{AppState, ClientInfo};

/// A request of these pages.
struct Visit {
    state: Data<AppState>,
    client: ClientInfo,
    caller: Caller,
    form: Form,
}

type Answer = Result<HttpResponse, Refusal>;

impl Visit {
    async fn begin(
        request: &HttpRequest,
        state: &Data<AppState>,
        form: Form,
    ) -> Result<Self, Refusal> {
        let client = ClientInfo::of(request, state);
        if client.address.is_some_and(|address| !state.admits(address)) {
            return Err(Refusal::Page(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
            ));
        }
        let presented = Presented {
            cookie: cookie::read(request),
            bearer: None,
        };
        let target = Target::Registry;
        let admission = state.actors.perform(Admit { presented, target }).await;
        Ok(Self {
            state: state.clone(),
            client,
            caller: admission?.caller,
            form,
        })
    }

    /// The user who is signed in.
    fn account(&self) -> Result<AccountId, Refusal> {
        let account = self.caller.account();
        account.ok_or(Refusal::Page(
            StatusCode::UNAUTHORIZED,
            "Please sign in first",
        ))
    }

    /// Compares the form's CSRF token with the session's.
    fn check_csrf(&self) -> Result<(), Refusal> {
        let given = self.form.find(cookie::NAME).unwrap_or_default();
        match self.caller.csrf_token() {
            Some(expected) if Secret::from(expected).matches(given) => Ok(()),
            _ => {
                let text = "CSRF token was invalid or missing.";
                Err(Refusal::Error(StatusCode::FORBIDDEN, text.to_owned()))
            }
        }
    }

    fn origin(&self) -> Origin {
        let ip = self.client.address.map(|address| address.to_string());
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        origin_of(&self.caller, ip, Some(request_id))
    }

    fn request(&self) -> Result<GrantRequest, Refusal> {
        let assignment = self
            .form
            .find("assignment_uuid")
            .filter(|id| !id.is_empty());
        Ok(GrantRequest {
            response_type: self.form.required("response_type")?,
            client_id: self.form.required("client_id")?,
            redirect_uri: self.form.required("redirect_uri")?,
            scope: self.form.required("scope")?,
            assignment: assignment.and_then(|id| uuid::Uuid::parse_str(id).ok()),
            local_redirect: format!("{}/oauth/localapp", self.client.base_url(&self.state)),
        })
    }

    /// Brings the request one step further and answers the browser.
    async fn authorize(&self, step: Step) -> Answer {
        let account = self.account()?;
        let request = self.request()?;
        let work = Authorize {
            account,
            request: request.clone(),
            step,
            origin: self.origin(),
        };
        let outcome = self.state.actors.perform(work).await;
        Ok(match outcome? {
            Outcome::Unknown => {
                return Err(Refusal::Page(StatusCode::NOT_FOUND, "No such application"));
            }
            Outcome::NotAllowed => {
                let text = "Only administrators of the application's organization may grant";
                return Err(Refusal::Page(StatusCode::FORBIDDEN, text));
            }
            Outcome::WrongRedirect => return Err(Refusal::invalid()),
            Outcome::Refused(error) => self.send_away(&request, &[("error", error)], ""),
            Outcome::Ask(consent) => {
                let csrf = self.caller.csrf_token().unwrap_or_default();
                page::consent(&consent, &request, self.form.find("state"), csrf)
            }
            Outcome::Token(token, scope) => {
                let fragment = format!(
                    "#access_token={}&token_type=Bearer&expires_in={MAX_TOKEN_LIFE_S}",
                    token.expose()
                );
                self.send_away(&request, &[("scope", &scope)], &fragment)
            }
            Outcome::Code(code, scope) => {
                let pairs = [("scope", scope.as_str()), ("code", code.expose())];
                self.send_away(&request, &pairs, "")
            }
        })
    }

    /// Sends the browser to the application, with what it said itself as `state`.
    fn send_away(
        &self,
        request: &GrantRequest,
        pairs: &[(&str, &str)],
        fragment: &str,
    ) -> HttpResponse {
        let state = self.form.find("state").map(|state| ("state", state));
        let location = form::with_query(&request.redirect_uri, pairs.iter().copied().chain(state));
        page::redirect(&format!("{location}{fragment}"))
    }
}

fn either(answer: Answer) -> HttpResponse {
    answer.unwrap_or_else(|refusal| refusal.answer())
}

/// `GET /oauth/authorize`: asks for consent, or sends the browser back at once.
pub async fn authorize(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let answer: Answer = async {
        let form = Form::of_query(&request)?;
        let visit = Visit::begin(&request, &state, form).await?;
        visit.authorize(Step::Ask).await
    }
    .await;
    either(answer)
}

/// `POST /oauth/authorizeapp`: the user agreed.
pub async fn agree(request: HttpRequest, state: Data<AppState>, body: Payload) -> HttpResponse {
    either(decide(&request, &state, body, Step::Grant).await)
}

/// `POST /oauth/denyapp`: the user refused.
pub async fn deny(request: HttpRequest, state: Data<AppState>, body: Payload) -> HttpResponse {
    either(decide(&request, &state, body, Step::Deny).await)
}

async fn decide(
    request: &HttpRequest,
    state: &Data<AppState>,
    body: Payload,
    step: Step,
) -> Answer {
    refuse_writes(state)?;
    let form = Form::of_body(state, body).await?;
    let visit = Visit::begin(request, state, form).await?;
    visit.check_csrf()?;
    visit.authorize(step).await
}

/// A registry that takes no writes makes no tokens.
fn refuse_writes(state: &AppState) -> Result<(), Refusal> {
    if state.is_read_only() {
        let text = "The registry takes no writes";
        return Err(Refusal::Page(StatusCode::SERVICE_UNAVAILABLE, text));
    }
    Ok(())
}

/// `POST /oauth/authorize/assignuser`: offers a token to another user.
pub async fn assign(request: HttpRequest, state: Data<AppState>, body: Payload) -> HttpResponse {
    let answer: Answer = async {
        if !state.config.accounts.assign_oauth_tokens {
            return Err(Refusal::Page(StatusCode::NOT_FOUND, "Not found"));
        }
        refuse_writes(&state)?;
        let form = Form::of_body(&state, body).await?;
        let visit = Visit::begin(&request, &state, form).await?;
        visit.check_csrf()?;
        let work = AssignToken {
            account: visit.account()?,
            name: visit.caller.name().to_owned(),
            request: visit.request()?,
            username: visit.form.required("username")?,
            origin: visit.origin(),
        };
        let assigned = visit.state.actors.perform(work).await;
        assigned?;
        Ok(page::plain(StatusCode::OK, "The token was offered"))
    }
    .await;
    either(answer)
}

/// `GET /oauth/localapp`: shows the token in the address to the person who asked for it.
pub async fn local(_: HttpRequest) -> HttpResponse {
    page::local()
}

/// `POST /oauth/access_token`: a token for a code.
pub async fn exchange(request: HttpRequest, state: Data<AppState>, body: Payload) -> HttpResponse {
    let answer: Answer = async {
        refuse_writes(&state)?;
        let form = Form::of_body(&state, body).await?;
        let visit = Visit::begin(&request, &state, form).await?;
        let grant_type = visit.form.required("grant_type")?;
        let work = ExchangeCode {
            client_id: visit.form.required("client_id")?,
            client_secret: visit.form.find("client_secret").map(Secret::from),
            redirect_uri: visit.form.required("redirect_uri")?,
            code: Secret::new(visit.form.required("code")?),
            scope: visit.form.required("scope")?,
            origin: Origin {
                performer: None,
                ..visit.origin()
            },
        };
        if grant_type != "authorization_code" {
            return Err(Refusal::bad("unsupported_grant_type"));
        }
        let exchanged = visit.state.actors.perform(work).await;
        match exchanged? {
            Ok(token) => Ok(HttpResponse::Ok()
                .insert_header(("cache-control", "no-store"))
                .json(json!({
                    "access_token": token.expose(),
                    "token_type": "Bearer",
                    "expires_in": MAX_TOKEN_LIFE_S,
                }))),
            Err(error) => Err(Refusal::bad(error)),
        }
    }
    .await;
    either(answer)
}
