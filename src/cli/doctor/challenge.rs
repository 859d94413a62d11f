//! Where the registry believes to be, read from its challenge: clients go there for a token.

use reqwest::{Response, Url};

use super::Report;
use super::client::header;

/// Compares the realm of the challenge with the URL that the user gave.
pub(super) fn look(base: &Url, first: &Response, report: &mut Report) {
    let Some(challenge) = header(first, "www-authenticate") else {
        report.note("there is no challenge, so the realm was not looked at");
        return;
    };
    let Some(realm) = read_realm(challenge) else {
        report.fault(format!(
            "the challenge `{challenge}` has no realm that is a URL"
        ));
        return;
    };
    for fault in compare(base, &realm) {
        report.fault(fault);
    }
}

fn read_realm(challenge: &str) -> Option<Url> {
    let (_, rest) = challenge.split_once("realm=\"")?;
    let (realm, _) = rest.split_once('"')?;
    Url::parse(realm).ok()
}

/// What is wrong with a realm, for clients that come by `base`.
fn compare(base: &Url, realm: &Url) -> Vec<String> {
    let mut faults = Vec::new();
    let is_same_scheme = base.scheme() == realm.scheme();
    if !is_same_scheme {
        faults.push(format!(
            "the realm {realm} is not {}: have the proxy send X-Forwarded-Proto and list it in \
             server.trusted_proxies, or set server.url = \"{}\"",
            base.scheme(),
            plain(base),
        ));
    }
    // A port that goes without saying depends on the scheme.
    let is_same_port = if is_same_scheme {
        base.port_or_known_default() == realm.port_or_known_default()
    } else {
        base.port() == realm.port()
    };
    if base.host_str() != realm.host_str() || !is_same_port {
        faults.push(format!(
            "the realm {realm} points to another host: have the proxy pass the Host header on, or \
             set server.url = \"{}\"",
            plain(base),
        ));
    }
    let path = base.path().trim_end_matches('/');
    if !realm.path().starts_with(&format!("{path}/v2/")) {
        faults.push(format!(
            "the realm {realm} lacks the path {path}: set server.url = \"{}\"",
            plain(base),
        ));
    }
    faults
}

fn plain(base: &Url) -> &str {
    base.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(base: &str, realm: &str) -> usize {
        compare(&Url::parse(base).unwrap(), &Url::parse(realm).unwrap()).len()
    }

    #[test]
    fn a_realm_is_below_the_url_of_clients() {
        assert_eq!(faults("https://r.example", "https://r.example/v2/auth"), 0);
        assert_eq!(
            faults("https://r.example", "https://r.example:443/v2/auth"),
            0
        );
        assert_eq!(
            faults("https://r.example/reg", "https://r.example/reg/v2/auth"),
            0
        );
        assert_eq!(faults("https://r.example", "http://r.example/v2/auth"), 1);
        assert_eq!(
            faults("https://r.example:8443", "http://r.example:8443/v2/auth"),
            1
        );
        assert_eq!(
            faults("https://r.example", "https://backend:8080/v2/auth"),
            1
        );
        assert_eq!(
            faults("https://r.example:8443", "https://r.example/v2/auth"),
            1
        );
        assert_eq!(
            faults("https://r.example/reg", "https://r.example/v2/auth"),
            1
        );
        assert_eq!(faults("https://r.example/reg", "http://backend/v2/auth"), 3);
    }

    #[test]
    fn a_realm_is_found_in_its_challenge() {
        let challenge = "Bearer service=\"s\",realm=\"https://r.example/v2/auth\"";
        assert_eq!(read_realm(challenge).unwrap().path(), "/v2/auth");
        assert_eq!(read_realm("Basic"), None);
        assert_eq!(read_realm("Bearer realm=\"here\""), None);
    }
}
