//! One request of the API on its way through a handler.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::Value;
use slipway_actors::Origin;
use slipway_actors::account::admission::{Admission, Caller, origin_of};
use slipway_actors::account::{Work, session::NewSession};
use slipway_actors::{AccountId, NamespaceId};
use slipway_oci::RepositoryName;

use super::cookie;
use super::error::ApiError;
use super::operation::{ApiResult, Operation};
use crate::edge::{AppState, ClientInfo};

/// What a handler is given: a request that was let in.
pub struct Call {
    /// The application.
    pub state: Data<AppState>,
    /// The operation.
    pub operation: &'static Operation,
    /// Where the request comes from.
    pub client: ClientInfo,
    /// Its id.
    pub request_id: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Values of the path's names.
    pub path: Vec<(&'static str, String)>,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// The body, checked against the operation's schema; `null` when there is none.
    pub body: Value,
    /// Who asks, and what they may do here.
    pub admission: Admission,
}

impl Call {
    /// The value of a name in the path; empty when the template has no such name.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A query parameter that is a switch; `false` when it is missing.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.query(name)
            .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// A query parameter that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.query(name)?.parse().ok()
    }

    /// A text of the body.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// A text of the body that the schema demands.
    #[must_use]
    pub fn required_text(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// Who asks.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.admission.caller
    }

    /// The account of who asks.
    ///
    /// # Errors
    /// 401 when nobody is logged in.
    pub fn account(&self) -> Result<AccountId, ApiError> {
        let account = self.caller().account();
        account.ok_or_else(ApiError::unauthenticated)
    }

    /// The organization of the path.
    ///
    /// # Errors
    /// 404 when there is none of that name.
    pub fn organization(&self) -> Result<NamespaceId, ApiError> {
        let found = self.admission.namespace.as_ref();
        let organization = found.filter(|found| found.is_organization);
        organization
            .map(|found| found.id)
            .ok_or_else(ApiError::not_found)
    }

    /// The repository of the path.
    ///
    /// # Errors
    /// 404 when its name cannot be one.
    pub fn repository_name(&self) -> Result<RepositoryName, ApiError> {
        let name = self.state.repository_name(self.path("repository"));
        name.map_err(|_| ApiError::not_found())
    }

    /// Where a change by this request comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let ip = self.client.address.map(|address| address.to_string());
        origin_of(self.caller(), ip, Some(self.request_id.clone()))
    }

    /// Has the account office do a piece of work.
    ///
    /// # Errors
    /// Its refusal.
    pub async fn perform<W: Work>(&self, work: W) -> Result<W::Answer, ApiError> {
        Ok(self.state.actors.perform(work).await?)
    }

    /// The registry's base URL as this client reaches it.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.client.base_url(&self.state)
    }

    /// Answers with the operation's status of success.
    ///
    /// # Errors
    /// None; the type fits a handler's.
    pub fn answer(&self, body: &impl Serialize) -> ApiResult {
        let status = StatusCode::from_u16(self.operation.success).unwrap_or(StatusCode::OK);
        Ok(HttpResponse::build(status).json(body))
    }

    /// Answers 204 without a body.
    ///
    /// # Errors
    /// None; the type fits a handler's.
    pub fn no_content(&self) -> ApiResult {
        Ok(HttpResponse::NoContent()
            .insert_header(("content-type", "application/json"))
            .finish())
    }

    /// Gives the browser a new session along with an answer.
    #[must_use]
    pub fn with_session(&self, mut response: HttpResponse, session: &NewSession) -> HttpResponse {
        cookie::set(
            &mut response,
            &self.state,
            &self.client,
            session.cookie.expose(),
        );
        cookie::announce_csrf(&mut response, &session.csrf_token);
        response
    }
}
