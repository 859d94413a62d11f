//! The OCI distribution protocol.
//!
//! Names may hold slashes and words such as `blobs`, so a path is taken apart from its end, in
//! `path.rs`; [`dispatch`] then calls the one handler. All state of an upload is in its path, since
//! clients overwrite the query of a Location.

pub mod base;
pub mod blob;
pub mod catalog;
pub mod error;
pub mod manifest;
pub mod path;
pub mod referrers;
pub mod tag;
pub mod token;
pub mod upload;

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use slipway_oci::OciCode;

use self::error::OciError;
use self::path::V2Path;
use crate::edge::facts::Route;
use crate::edge::{AppState, ClientInfo, RequestFacts, head};

/// The answer of a handler of this protocol.
pub type V2Result = Result<HttpResponse, OciError>;

/// What a handler of this protocol is given.
pub struct Exchange {
    /// The request.
    pub request: HttpRequest,
    /// The application.
    pub state: Arc<AppState>,
    /// What is known of it: its id, and where it comes from.
    pub facts: Rc<RequestFacts>,
}

impl Exchange {
    /// The value of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next()
    }

    /// All values of a query parameter, decoded.
    #[must_use]
    pub fn query_all(&self, name: &str) -> Vec<String> {
        let pairs = self.request.query_string().split('&');
        pairs
            .filter_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (path::decode(key)? == name).then(|| path::decode(&value.replace('+', "%20")))?
            })
            .collect()
    }

    /// The value of a query parameter that goes to the database as text, which holds no zero
    /// bytes.
    ///
    /// # Errors
    /// 400 for a zero byte.
    pub fn plain_query(&self, name: &str) -> Result<Option<String>, OciError> {
        match self.query(name) {
            Some(value) if value.contains('\0') => Err(OciError::new(OciCode::InvalidRequest)
                .message(format!("the parameter `{name}` holds a zero byte"))),
            value => Ok(value),
        }
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The announced length of the body.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Refuses while the registry takes no writes, or no pushes.
    ///
    /// Comes before the token is looked at: in these states no token allows a write, and a 401
    /// would send the client to fetch the same token again.
    ///
    /// # Errors
    /// 405.
    pub fn check_writable(&self) -> Result<(), OciError> {
        if self.state.is_read_only() {
            return Err(OciError::read_only());
        }
        if self.state.config.registry.disable_pushes {
            return Err(OciError::new(OciCode::Unsupported)
                .code("METHOD NOT ALLOWED")
                .message(
                    "Pushing to the registry is disabled. Please contact your administrator.",
                ));
        }
        Ok(())
    }
}

/// Answers every request below `/v2`.
pub async fn dispatch(
    request: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
) -> HttpResponse {
    let state = state.into_inner();
    let facts = RequestFacts::of(&request, &state);
    let answer = match check_request(&request, &state, &facts.client) {
        Ok(()) => {
            let exchange = Exchange {
                request,
                state: Arc::clone(&state),
                facts,
            };
            route(exchange, payload).await
        }
        Err(error) => Err(error),
    };
    let response = answer.unwrap_or_else(|error| error.error_response());
    state.metrics.count(response.status());
    response
}

fn check_request(
    request: &HttpRequest,
    state: &AppState,
    client: &ClientInfo,
) -> Result<(), OciError> {
    head::check(request, &state.config)?;
    match client.address {
        Some(address) if !state.admits(address) => Err(OciError::overloaded()),
        _ => Ok(()),
    }
}

async fn route(exchange: Exchange, payload: Payload) -> V2Result {
    let target = V2Path::parse(exchange.request.path())?;
    if exchange.state.spans.is_some() {
        let mut extensions = exchange.request.extensions_mut();
        extensions.insert(Route(target.pattern()));
    }
    let method = exchange.request.method().clone();
    match (target, method) {
        (V2Path::Base, Method::GET | Method::HEAD) => base::answer_base(&exchange),
        (V2Path::Token, Method::GET) => token::issue(&exchange, None).await,
        (V2Path::Token, Method::POST) => token::issue(&exchange, Some(payload)).await,
        (V2Path::Catalog, Method::GET | Method::HEAD) => catalog::list(&exchange).await,
        (V2Path::Tags(name), Method::GET | Method::HEAD) => tag::list(&exchange, &name).await,
        (V2Path::Referrers(name, digest), Method::GET | Method::HEAD) => {
            referrers::list(&exchange, &name, &digest).await
        }
        (V2Path::Manifest(name, reference), method) => {
            manifest::answer(&exchange, &method, &name, &reference, payload).await
        }
        (V2Path::Blob(name, digest), Method::GET) => blob::pull(&exchange, &name, &digest).await,
        (V2Path::Blob(name, digest), Method::HEAD) => blob::head(&exchange, &name, &digest).await,
        (V2Path::Blob(name, digest), Method::DELETE) => {
            blob::delete(&exchange, &name, &digest).await
        }
        (V2Path::Uploads(name), Method::POST) => upload::start(&exchange, &name, payload).await,
        (V2Path::Upload(name, id), method) => {
            upload::answer(&exchange, &method, &name, &id, payload).await
        }
        _ => Err(not_allowed()),
    }
}

/// The answer to a method that a path does not have.
#[must_use]
pub fn not_allowed() -> OciError {
    OciError::new(OciCode::Unsupported)
        .status(StatusCode::METHOD_NOT_ALLOWED)
        .message("the method is not allowed for the requested path")
}
