//! What is found out about every request before a handler runs, and what is said when it is over.
//!
//! Each request gets an id: the one a trusted proxy sent, when that is plain text, else a new one.
//! It stands in the span around the handler, so in every log line written there, in the answer's
//! `server.request_id_header`, and in the usage log. Attributes for a collector of traces are only
//! made when there is one; paths are among them, queries, headers and bodies are not.

use std::rc::Rc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use opentelemetry::trace::Status;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use super::client::ClientInfo;
use super::state::AppState;
use crate::telemetry::SPAN_TARGET;

const MAX_ID_BYTES: usize = 128;

/// What is known of a request, whatever it asks.
#[derive(Debug)]
pub struct RequestFacts {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub client: ClientInfo,
}

/// The kind of path a request asked, such as `/v2/{name}/tags/list`, set by whoever takes the path
/// apart.
#[derive(Debug, Clone, Copy)]
pub struct Route(pub &'static str);

impl RequestFacts {
    /// The facts that [`follow`] left at the request; looked up anew where it did not run.
    #[must_use]
    pub fn of(request: &HttpRequest, state: &AppState) -> Rc<Self> {
        let known = request.extensions().get::<Rc<Self>>().map(Rc::clone);
        known.unwrap_or_else(|| Rc::new(Self::find(request, state)))
    }

    fn find(request: &HttpRequest, state: &AppState) -> Self {
        let client = ClientInfo::of(request, state);
        let given = request
            .headers()
            .get(&state.config.server.request_id_header)
            .and_then(|value| value.to_str().ok())
            .filter(|text| client.is_forwarded && is_plain(text));
        let id = match given {
            Some(text) => text.to_owned(),
            None => Uuid::new_v4().simple().to_string(),
        };
        Self { id, client }
    }
}

/// Says whether an id from outside can stand in a log line without looking like something else.
fn is_plain(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(&byte);
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_plain)
}

/// Goes around every handler.
///
/// # Errors
/// The handler's.
pub async fn follow(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let facts = Rc::new(RequestFacts::find(request.request(), &state));
    let span = open_span(&facts, &state);
    request.extensions_mut().insert(Rc::clone(&facts));
    let log = AccessLog::start(&request, &state);
    let work = async {
        let mut answer = next.call(request).await?;
        if let Some(log) = log {
            log.write(&facts.client, answer.status());
        }
        if state.spans.is_some() {
            describe(&answer, &facts.client);
        }
        if let (Some(name), Ok(value)) =
            (&state.request_id_header, HeaderValue::from_str(&facts.id))
        {
            answer.headers_mut().insert(name.clone(), value);
        }
        Ok(answer)
    };
    work.instrument(span).await
}

/// The span of a request; at the highest level, so that each line that is logged has its id.
fn open_span(facts: &RequestFacts, state: &AppState) -> Span {
    let id = facts.id.as_str();
    if state.spans.is_none() {
        return tracing::error_span!(target: SPAN_TARGET, "request", request.id = id);
    }
    tracing::error_span!(
        target: SPAN_TARGET,
        "request",
        request.id = id,
        otel.kind = "server",
        otel.name = tracing::field::Empty
    )
}

/// Tells the collector what was asked and what became of it.
fn describe<B>(answer: &ServiceResponse<B>, client: &ClientInfo) {
    let (request, span) = (answer.request(), Span::current());
    let route = match request.extensions().get::<Route>() {
        Some(Route(route)) => (*route).to_owned(),
        None => request.match_pattern().unwrap_or_default(),
    };
    let method = request.method().as_str();
    span.record("otel.name", format!("{method} {route}").trim_end());
    span.set_attribute("http.request.method", method.to_owned());
    span.set_attribute("http.route", route);
    span.set_attribute("url.path", request.path().to_owned());
    span.set_attribute("url.scheme", client.scheme);
    if let Some(address) = client.address {
        span.set_attribute("client.address", address.to_string());
    }
    let status = answer.status();
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// A line about a request, written when it is answered.
struct AccessLog {
    line: String,
    started: Instant,
}

impl AccessLog {
    fn start(request: &ServiceRequest, state: &AppState) -> Option<Self> {
        state.config.log.access.then(|| Self {
            line: format!("{} {}", request.method(), request.path()),
            started: Instant::now(),
        })
    }

    fn write(self, client: &ClientInfo, status: StatusCode) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let address = client.address.map(tracing::field::display);
        let status = status.as_u16();
        tracing::info!(
            target: "access",
            { client.address = address, http.status = status, duration_ms },
            "{}",
            self.line
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_from_outside_is_plain_text_of_some_length() {
        assert!(is_plain("4bf92f35-77b3"));
        assert!(is_plain("Root=1-67891233-abcdef012345678912345678"));
        assert!(is_plain(&"a".repeat(128)));
        assert!(!is_plain(&"a".repeat(129)));
        for text in ["", "a b", "a\"b", "a\u{1b}[31m", "é", "a\tb"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
