//! The way of every request of the API, up to its handler.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use serde_json::Value;
use slipway_actors::account::admission::{Admit, Presented, Target};
use slipway_auth::challenge::{Credentials, parse_authorization};

use super::call::Call;
use super::error::ApiError;
use super::operation::{Guard, Method, Operation};
use super::schema::{self, ParamKind};
use super::{cookie, csrf, guard, router};
use crate::edge::AppState;
use crate::edge::body::{BodyError, read_whole};
use crate::edge::facts::{RequestFacts, Route};
use crate::v2::path::decode;

const PREFIX: &str = "/api/v1";

/// Answers every request below `/api/v1`.
pub async fn dispatch(
    request: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
) -> HttpResponse {
    let facts = RequestFacts::of(&request, &state);
    let base = facts.client.base_url(&state);
    let mut response = if request.method() == actix_web::http::Method::OPTIONS {
        HttpResponse::Ok().finish()
    } else {
        let answer = answer(&request, &state, &facts, payload).await;
        answer.unwrap_or_else(|error| error.located(&base).error_response())
    };
    add_cors(&request, &state, response.headers_mut());
    response
}

async fn answer(
    request: &HttpRequest,
    state: &Data<AppState>,
    facts: &RequestFacts,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let address = facts.client.address;
    if address.is_some_and(|address| !state.admits(address)) {
        return Err(ApiError::too_many());
    }
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    let (operation, values) = match state.router.find(Method::of(request.method()), path) {
        router::Found::Operation(operation, values) => (operation, values),
        router::Found::NeedsSlash => return Ok(redirect(request)),
        router::Found::WrongMethod => return Err(ApiError::wrong_method()),
        router::Found::Nothing => return Err(ApiError::not_found()),
    };
    request.extensions_mut().insert(Route(operation.path));
    if operation.feature.is_some_and(|is_on| !is_on(&state.config)) {
        return Err(ApiError::not_found());
    }
    refuse_browser_reads(request, state, operation)?;
    let mut call = admit(request, state, facts, operation, values).await?;
    if guards_before_body(operation.guard) {
        guard::check(&call)?;
        guard::check_fresh(&call)?;
    }
    if let Some(shape) = operation.body {
        call.body = read_body(request, &call, payload).await?;
        if !(call.body.is_null() && operation.body_is_optional) {
            let checked = shape.check(&call.body);
            checked.map_err(|text| ApiError::invalid(&text))?;
        }
    }
    guard::check(&call)?;
    guard::check_fresh(&call)?;
    let (prolonged, client) = (prolonged_cookie(request, &call), call.client.clone());
    let mut response = (operation.run)(call).await?;
    let has_cookie = response.headers().contains_key(header::SET_COOKIE);
    if let Some(value) = prolonged.filter(|_| !has_cookie) {
        cookie::set(&mut response, state, &client, &value);
    }
    Ok(response)
}

/// Quay looks at an organization's permissions in the handler, after the body was checked, and at
/// all others before.
fn guards_before_body(guard: Guard) -> bool {
    !matches!(
        guard,
        Guard::Open | Guard::Organization { .. } | Guard::Team { .. }
    )
}

/// Finds out who asks and takes the request through the gates that need no body.
async fn admit(
    request: &HttpRequest,
    state: &Data<AppState>,
    facts: &RequestFacts,
    operation: &'static Operation,
    path: Vec<(&'static str, String)>,
) -> Result<Call, ApiError> {
    let target = target(state, operation, &path)?;
    let query = read_query(request)?;
    let presented = presented(request);
    let is_bearer = presented.bearer.is_some();
    let admission = state.actors.perform(Admit { presented, target }).await?;
    if operation.method != Method::Get && !operation.skips_csrf && !is_bearer {
        csrf::check(request, &query, admission.caller.csrf_token())?;
    }
    refuse_anonymous(state, operation, admission.caller.account().is_none())?;
    refuse_writes(state, operation)?;
    check_query(operation, &query)?;
    Ok(Call {
        state: state.clone(),
        operation,
        client: facts.client.clone(),
        request_id: facts.id.clone(),
        user_agent: header_text(request, "user-agent").map(str::to_owned),
        path,
        query,
        body: Value::Null,
        admission,
    })
}

fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn redirect(request: &HttpRequest) -> HttpResponse {
    let query = request.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    let location = format!("{}/{mark}{query}", request.path());
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// The cookie to send again, because the session's life was prolonged.
fn prolonged_cookie(request: &HttpRequest, call: &Call) -> Option<String> {
    let session = call.caller().session.as_ref()?;
    session.was_prolonged.then(|| cookie::read(request))?
}

fn presented(request: &HttpRequest) -> Presented {
    let bearer = match parse_authorization(header_text(request, "authorization")) {
        Ok(Credentials::Bearer(token)) => Some(token),
        // Basic is not accepted here; such a caller counts as nobody.
        _ => None,
    };
    Presented {
        cookie: cookie::read(request),
        bearer,
    }
}

fn target(
    state: &AppState,
    operation: &Operation,
    values: &[(&'static str, String)],
) -> Result<Target, ApiError> {
    let value = |wanted: &str| {
        let found = values.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    if let Some(path) = value("repository") {
        let name = state.repository_name(path);
        return name
            .map(Target::Repository)
            .map_err(|_| ApiError::not_found());
    }
    let wants_organization = matches!(
        operation.guard,
        Guard::Organization { .. } | Guard::Team { .. }
    );
    if let (Some(organization), Some(team)) = (value("orgname"), value("teamname")) {
        return Ok(Target::Team {
            organization: organization.to_owned(),
            team: team.to_owned(),
        });
    }
    match value("orgname").or_else(|| value("namespace")) {
        Some(name) => Ok(Target::Namespace(name.to_owned())),
        None if wants_organization => Err(ApiError::not_found()),
        None => Ok(Target::Registry),
    }
}

fn read_query(request: &HttpRequest) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs = Vec::new();
    for pair in request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name).zip(decode(&value.replace('+', "%20")));
        let plain = decoded.filter(|(_, value)| !value.contains('\0'));
        pairs.push(plain.ok_or_else(ApiError::bad_request)?);
    }
    Ok(pairs)
}

fn check_query(operation: &Operation, query: &[(String, String)]) -> Result<(), ApiError> {
    for param in operation.query {
        let given = query.iter().find(|(name, _)| name == param.name);
        let is_wrong = given.is_some_and(|(_, value)| match param.kind {
            ParamKind::Integer => value.parse::<i64>().is_err(),
            ParamKind::Text | ParamKind::Bool => false,
        });
        if is_wrong {
            return Err(ApiError::wrong_parameter(param.name, param.doc));
        }
    }
    Ok(())
}

/// A browser's page must say that it asks by script.
fn refuse_browser_reads(
    request: &HttpRequest,
    state: &AppState,
    operation: &Operation,
) -> Result<(), ApiError> {
    let is_browser =
        header_text(request, "user-agent").is_some_and(|agent| agent.starts_with("Mozilla/"));
    let is_script = header_text(request, "x-requested-with") == Some("XMLHttpRequest");
    let is_checked = state.config.api.browser_xhr_only && operation.method == Method::Get;
    if is_checked && is_browser && !is_script && operation.id != "discovery" {
        let text =
            "API calls must be invoked with an X-Requested-With header if called from a browser";
        return Err(ApiError::message(StatusCode::BAD_REQUEST, text));
    }
    Ok(())
}

fn refuse_anonymous(
    state: &AppState,
    operation: &Operation,
    is_anonymous: bool,
) -> Result<(), ApiError> {
    let is_closed = !state.config.registry.anonymous_access;
    if is_closed && is_anonymous && !operation.allows_anonymous {
        return Err(ApiError::error(
            StatusCode::UNAUTHORIZED,
            "Anonymous access is not allowed",
        ));
    }
    Ok(())
}

fn refuse_writes(state: &AppState, operation: &Operation) -> Result<(), ApiError> {
    if state.is_read_only() && operation.method != Method::Get && !operation.works_read_only {
        return Err(ApiError::read_only());
    }
    Ok(())
}

async fn read_body(
    request: &HttpRequest,
    call: &Call,
    payload: Payload,
) -> Result<Value, ApiError> {
    let config = &call.state.config;
    let content_type = header_text(request, "content-type").unwrap_or_default();
    let is_json = content_type.split(';').next().is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    });
    let limit = config.limits.max_api_body_bytes.len_usize();
    let announced = header_text(request, "content-length").and_then(|text| text.parse().ok());
    let stall = config.server.body_stall_timeout;
    let bytes =
        read_whole(payload, announced, limit, stall)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge { .. } => ApiError::too_large(&error.to_string()),
                BodyError::Broken(_) => ApiError::bad_request(),
            })?;
    if bytes.is_empty() && call.operation.body_is_optional {
        return Ok(Value::Null);
    }
    if !is_json {
        return Err(ApiError::not_json());
    }
    let body = serde_json::from_slice(&bytes).map_err(|_| ApiError::bad_request())?;
    if schema::holds_nul(&body) {
        return Err(ApiError::invalid("a text holds the character U+0000"));
    }
    Ok(body)
}

fn add_cors(request: &HttpRequest, state: &AppState, headers: &mut HeaderMap) {
    let origins = &state.config.api.cors_origins;
    let asked = header_text(request, "origin").unwrap_or_default();
    let matching = origins.iter().find(|origin| origin.as_str() == asked);
    let allowed = match matching {
        _ if origins.is_empty() => Some("*"),
        Some(origin) => Some(origin.as_str()),
        None => None,
    };
    let Some(Ok(allowed)) = allowed.map(HeaderValue::from_str) else {
        return;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    let fixed = |text: &'static str| HeaderValue::from_static(text);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        fixed("DELETE, GET, HEAD, OPTIONS, POST, PUT"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, fixed("21600"));
    headers.insert(header::VARY, fixed("Cookie"));
    if origins.is_empty() {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            fixed("AUTHORIZATION, CONTENT-TYPE, X-REQUESTED-WITH"),
        );
    } else {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            fixed("AUTHORIZATION, CONTENT-TYPE, X-REQUESTED-WITH, Cookie, X-CSRF-Token"),
        );
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, fixed("true"));
    }
}
