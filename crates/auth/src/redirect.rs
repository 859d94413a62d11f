//! Where a browser may be sent with a grant.
//!
//! An application registers a prefix; a request names an address below it. Text comparison alone
//! would let `https://app.example` lead to `https://app.example.evil.org`, so both are taken apart:
//! scheme and authority must be equal, the path must lie below the registered one by whole segments,
//! and anything that clients read in different ways (user names, backslashes, dot segments, control
//! characters, fragments) is refused.
//!
//! RFC 6749 section 3.1.2; Quay: `oauth/provider.py`, `data/model/oauth.py`.

/// The longest address that is looked at.
const MAX_BYTES: usize = 2000;

struct Parts<'a> {
    scheme: String,
    authority: String,
    path: &'a str,
    has_query: bool,
}

/// Says whether `asked` lies below `registered`; nothing lies below an empty one.
#[must_use]
pub fn is_below(registered: &str, asked: &str) -> bool {
    let (Some(root), Some(target)) = (split(registered), split(asked)) else {
        return false;
    };
    if root.scheme != target.scheme || root.authority != target.authority {
        return false;
    }
    if root.has_query {
        // A prefix with a query has nothing below it.
        return registered == asked;
    }
    let root_path = if root.path.is_empty() { "/" } else { root.path };
    let target_path = if target.path.is_empty() {
        "/"
    } else {
        target.path
    };
    match target_path.strip_prefix(root_path) {
        Some(rest) => rest.is_empty() || root_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// The scheme and authority of an address, such as `https://app.example:8443`.
#[must_use]
pub fn origin(address: &str) -> Option<String> {
    let parts = split(address)?;
    Some(format!("{}://{}", parts.scheme, parts.authority))
}

fn split(address: &str) -> Option<Parts<'_>> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#\"<>^`{|}".contains(&byte);
    if address.len() > MAX_BYTES || !address.bytes().all(is_plain) {
        return None;
    }
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let lowered = path.to_ascii_lowercase();
    let is_dots = |segment: &str| {
        let segment = segment.replace("%2e", ".");
        segment == "." || segment == ".."
    };
    if lowered.contains("%2f") || lowered.contains("%5c") || lowered.split('/').any(is_dots) {
        return None;
    }
    Some(Parts {
        scheme,
        authority: authority.to_ascii_lowercase(),
        path,
        has_query: query.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::{is_below, origin};

    #[test]
    fn addresses_below_the_registered_one_pass() {
        for (registered, asked) in [
            ("http://localhost/cb", "http://localhost/cb"),
            ("http://localhost/cb", "http://localhost/cb/deep"),
            ("http://localhost/cb", "http://localhost/cb?next=1"),
            ("https://app.example", "https://app.example/any/where"),
            ("https://app.example/", "https://APP.example/x"),
            ("https://app.example/cb?a=1", "https://app.example/cb?a=1"),
        ] {
            assert!(is_below(registered, asked), "{registered} {asked}");
        }
    }

    #[test]
    fn tricks_are_refused() {
        for (registered, asked) in [
            ("", "https://app.example/"),
            ("https://app.example", "https://app.example.evil.org/"),
            ("https://app.example", "https://app.example@evil.org/"),
            ("https://app.example", "https://app.example:8443/"),
            ("https://app.example", "http://app.example/"),
            ("https://app.example/cb", "https://app.example/cbx"),
            ("https://app.example/cb", "https://app.example/cb/../admin"),
            (
                "https://app.example/cb",
                "https://app.example/cb/%2e%2E/admin",
            ),
            (
                "https://app.example/cb",
                "https://app.example/cb/..%2fadmin",
            ),
            ("https://app.example/cb", "https://app.example/cb#x"),
            (
                "https://app.example/cb",
                "https://app.example\\@evil.org/cb",
            ),
            ("https://app.example/cb", "//app.example/cb"),
            ("https://app.example/cb", "/cb"),
            (
                "https://app.example/cb?a=1",
                "https://app.example/cb?a=1&b=2",
            ),
            (
                "javascript://app.example/",
                "javascript://app.example/%0aalert(1)",
            ),
            (
                "https://app.example/",
                "https://app.example/\r\nSet-Cookie: a=b",
            ),
            ("https://app.example/", "https://app.ex\u{430}mple/"),
        ] {
            assert!(!is_below(registered, asked), "{registered} {asked}");
        }
    }

    #[test]
    fn an_origin_is_scheme_and_authority() {
        assert_eq!(
            origin("https://App.example:8443/cb?x").as_deref(),
            Some("https://app.example:8443")
        );
        assert_eq!(origin("data:text/html,x"), None);
    }
}
