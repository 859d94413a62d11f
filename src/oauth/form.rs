//! Parameters of OAuth requests, and addresses with parameters.
//!
//! A parameter that comes twice makes a request ambiguous and is refused (RFC 6749 section 3.1).

use actix_web::HttpRequest;
use actix_web::web::Payload;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::refusal::Refusal;
use crate::edge::AppState;
use crate::edge::body::read_whole;
use crate::v2::path::decode;

const FORM_BYTES: usize = 64 << 10;
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Parameters, decoded.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The parameters of the address.
    pub(super) fn of_query(request: &HttpRequest) -> Result<Self, Refusal> {
        Self::parse(request.query_string())
    }

    /// The parameters of the body.
    pub(super) async fn of_body(state: &AppState, body: Payload) -> Result<Self, Refusal> {
        let stall = state.config.server.body_stall_timeout;
        let bytes = read_whole(body, None, FORM_BYTES, stall).await;
        let bytes = bytes.map_err(|_| Refusal::invalid())?;
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| Refusal::invalid())?)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode(name).zip(decode(&value.replace('+', "%20")));
            let plain = decoded.filter(|(_, value)| !value.contains('\0'));
            let (name, value) = plain.ok_or_else(Refusal::invalid)?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::invalid());
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// A parameter.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<String, Refusal> {
        let found = self.find(name).filter(|value| !value.is_empty());
        let found = found.map(str::to_owned);
        found.ok_or_else(|| Refusal::bad(format!("Required param: {name}")))
    }
}

/// An address with parameters added to those it has.
pub(super) fn with_query<'a>(
    address: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut text = address.to_owned();
    for (name, value) in pairs {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, QUERY));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Form, with_query};

    #[test]
    fn a_value_cannot_leave_its_place() {
        assert_eq!(
            with_query("https://a.example/cb?x=1", [("state", "a&b=c#d\r\n")]),
            "https://a.example/cb?x=1&state=a%26b%3Dc%23d%0D%0A"
        );
        assert_eq!(
            with_query(
                "http://localhost/cb",
                [("scope", "repo:read"), ("code", "x")]
            ),
            "http://localhost/cb?scope=repo%3Aread&code=x"
        );
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert!(Form::parse("redirect_uri=a&redirect_uri=b").is_err());
        assert!(Form::parse("a=%00").is_err());
        let form = Form::parse("scope=repo%3Aread+user:read&b").ok();
        let form = form.expect("a form");
        assert_eq!(form.find("scope"), Some("repo:read user:read"));
        assert_eq!(form.find("b"), Some(""));
    }
}
