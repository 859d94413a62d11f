//! The session cookie and the header that carries a new CSRF token.
//!
//! The cookie has Quay's name, is `HttpOnly` and `SameSite=Lax`, and `Secure` whenever the client
//! came over https.

use actix_web::cookie::time::Duration as CookieAge;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use crate::edge::{AppState, ClientInfo};

/// The name of the session cookie; Quay's, strange as it is.
pub const NAME: &str = "_csrf_token";
const NEXT_CSRF: HeaderName = HeaderName::from_static("x-next-csrf-token");

/// The cookie's value in a request.
#[must_use]
pub fn read(request: &HttpRequest) -> Option<String> {
    request.cookie(NAME).map(|cookie| cookie.value().to_owned())
}

/// Sets the cookie.
pub fn set(response: &mut HttpResponse, state: &AppState, client: &ClientInfo, value: &str) {
    let life = state.config.accounts.session_timeout;
    let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
    add(response, client, value, CookieAge::seconds(seconds));
}

/// Takes the cookie away.
pub fn clear(response: &mut HttpResponse, client: &ClientInfo) {
    add(response, client, "", CookieAge::ZERO);
}

fn add(response: &mut HttpResponse, client: &ClientInfo, value: &str, age: CookieAge) {
    let cookie = Cookie::build(NAME, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(client.scheme == "https")
        .max_age(age)
        .finish();
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::error!(%error, "the session cookie cannot be sent");
    }
}

/// Tells the browser its next CSRF token.
pub fn announce_csrf(response: &mut HttpResponse, token: &str) {
    if let Ok(value) = HeaderValue::from_str(token) {
        response.headers_mut().insert(NEXT_CSRF, value);
    }
}
