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

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use slipway_oci::OciCode;
use uuid::Uuid;

use self::error::OciError;
use self::path::V2Path;
use crate::edge::{AppState, ClientInfo, head};

/// The answer of a handler of this protocol.
pub type V2Result = Result<HttpResponse, OciError>;

/// What a handler of this protocol is given.
pub struct Exchange {
    /// The request.
    pub request: HttpRequest,
    /// The application.
    pub state: Arc<AppState>,
    /// The request's id.
    pub id: String,
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
    let client = ClientInfo::of(&request, &state);
    let (id, log) = (
        request_id(&request, &state, &client),
        AccessLog::start(&request, &state),
    );
    let checked = check_request(&request, &state, &client);
    let exchange = Exchange {
        request,
        state: Arc::clone(&state),
        id: id.clone(),
    };
    let answer = match checked {
        Ok(()) => route(exchange, payload).await,
        Err(error) => Err(error),
    };
    let mut response = answer.unwrap_or_else(|error| error.error_response());
    state.metrics.count(response.status());
    if let Some(log) = log {
        log.write(&client, &id, response.status());
    }
    if let (Some(name), Ok(value)) = (&state.request_id_header, HeaderValue::from_str(&id)) {
        response.headers_mut().insert(name.clone(), value);
    }
    response
}

/// The id that a trusted proxy gave the request, else a new one.
fn request_id(request: &HttpRequest, state: &AppState, client: &ClientInfo) -> String {
    let given = request
        .headers()
        .get(&state.config.server.request_id_header)
        .and_then(|value| value.to_str().ok())
        .filter(|text| client.is_forwarded && (1..=128).contains(&text.len()));
    match given {
        Some(text) => text.to_owned(),
        None => Uuid::new_v4().simple().to_string(),
    }
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

/// A line about a request, written when it is answered.
struct AccessLog {
    line: String,
    started: Instant,
}

impl AccessLog {
    fn start(request: &HttpRequest, state: &AppState) -> Option<Self> {
        state.config.log.access.then(|| Self {
            line: format!("{} {}", request.method(), request.path()),
            started: Instant::now(),
        })
    }

    fn write(self, client: &ClientInfo, id: &str, status: StatusCode) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let address = client.address.map(tracing::field::display);
        let status = status.as_u16();
        tracing::info!(
            target: "access",
            { request.id = id, client.address = address, http.status = status, duration_ms },
            "{}",
            self.line
        );
    }
}

async fn route(exchange: Exchange, payload: Payload) -> V2Result {
    let target = V2Path::parse(exchange.request.path())?;
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
