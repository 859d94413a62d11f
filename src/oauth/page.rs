//! The pages of OAuth: consent, a token to copy, and short refusals.
//!
//! They load nothing and forbid being framed, so that no other page can lead somebody to agree.
//! Whatever comes from outside is escaped.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use slipway_actors::account::oauth::{Consent, GrantRequest};
use slipway_auth::{Secret, redirect};

use crate::api::cookie;

/// The script of [`local`], and its hash as the page's policy names it.
const SCRIPT: &str = r#"const p=new URLSearchParams(location.hash.slice(1));document.getElementById("t").value=p.get("access_token")||"";history.replaceState(null,"",location.pathname);"#;

/// A short text.
pub(super) fn plain(status: StatusCode, text: &str) -> HttpResponse {
    let body = format!("<h1>{}</h1>", escape(text));
    html(status, "default-src 'none'", &body)
}

/// Sends the browser away; the address may hold a token, so nothing keeps it.
pub(super) fn redirect(location: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// Asks the user.
pub(super) fn consent(
    consent: &Consent,
    request: &GrantRequest,
    state: Option<&str>,
    csrf: &str,
) -> HttpResponse {
    let mut body = format!(
        "<h1>{} asks for access to your account</h1><p>of the organization {}</p><ul>",
        escape(&consent.application.name),
        escape(&consent.application.organization_name),
    );
    for scope in consent.scopes.iter() {
        let (title, text) = (scope.title(), scope.description());
        body.push_str(&format!("<li><b>{title}</b>: {text}</li>"));
    }
    body.push_str("</ul>");
    let assignment = request.assignment.map(|id| id.to_string());
    let fields = [
        ("response_type", Some(request.response_type.as_str())),
        ("client_id", Some(request.client_id.as_str())),
        ("redirect_uri", Some(request.redirect_uri.as_str())),
        ("scope", Some(request.scope.as_str())),
        ("state", state),
        ("assignment_uuid", assignment.as_deref()),
        (cookie::NAME, Some(csrf)),
    ];
    for (action, label) in [("authorizeapp", "Allow"), ("denyapp", "Deny")] {
        body.push_str(&format!(
            "<form method=\"post\" action=\"/oauth/{action}\">"
        ));
        for (name, value) in fields {
            let Some(value) = value else { continue };
            let value = escape(value);
            body.push_str(&format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
            ));
        }
        body.push_str(&format!("<button>{label}</button></form>"));
    }
    // Browsers apply the policy of forms to where a form leads in the end as well.
    let target = redirect::origin(&request.redirect_uri).unwrap_or_default();
    let policy = format!("default-src 'none'; form-action 'self' {target}");
    html(StatusCode::OK, &policy, &body)
}

/// Shows the token that stands behind the `#` of the address.
pub(super) fn local() -> HttpResponse {
    use base64::Engine as _;
    let hash = Secret::from(SCRIPT).sha256();
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let body = format!(
        "<h1>Your access token</h1><input id=\"t\" size=\"60\" readonly><script>{SCRIPT}</script>"
    );
    let policy = format!("default-src 'none'; script-src 'sha256-{hash}'");
    html(StatusCode::OK, &policy, &body)
}

fn html(status: StatusCode, policy: &str, body: &str) -> HttpResponse {
    let policy = format!("{policy}; base-uri 'none'; frame-ancestors 'none'");
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Slipway</title>{body}</html>"
        ))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_from_outside_is_shown_as_text() {
        assert_eq!(
            super::escape("<a href=\"x\">'&</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&lt;/a&gt;"
        );
    }
}
