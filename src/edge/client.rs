//! Where a request really comes from, behind any trusted proxies.
//!
//! The client is the rightmost forwarded address outside `server.trusted_proxies`; scheme and host
//! are believed only from a trusted peer. The address of the connection stands otherwise.

use std::net::IpAddr;

use actix_web::HttpRequest;
use slipway_config::IpNetwork;
use slipway_transport::PeerInfo;

use super::state::AppState;

/// Who is at the other end, as far as can be trusted.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The client's address; `None` only in tests without a connection.
    pub address: Option<IpAddr>,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    /// Whether a trusted proxy forwarded the request.
    pub is_forwarded: bool,
    /// The host and port the client asked, as it sees it.
    pub host: Option<String>,
}

impl ClientInfo {
    /// Looks at a request.
    #[must_use]
    pub fn of(request: &HttpRequest, state: &AppState) -> Self {
        let peer = PeerInfo::find_in(request);
        let peer_address = peer.map(|peer| peer.address.ip());
        let own_scheme = if peer.is_some_and(|peer| peer.tls) {
            "https"
        } else {
            "http"
        };
        let own_host = header(request, "host")
            .map(str::to_owned)
            .or_else(|| request.uri().authority().map(ToString::to_string));
        let proxies = &state.config.server.trusted_proxies;
        let is_trusted = peer_address.is_some_and(|address| is_proxy(proxies, address));
        if !is_trusted {
            return Self {
                address: peer_address,
                scheme: own_scheme,
                is_forwarded: false,
                host: own_host,
            };
        }
        let scheme = match last_of(request, "x-forwarded-proto") {
            Some("https") => "https",
            Some("http") => "http",
            _ => own_scheme,
        };
        let host = last_of(request, "x-forwarded-host")
            .map(str::to_owned)
            .or(own_host);
        Self {
            address: forwarded(request, proxies).or(peer_address),
            scheme,
            is_forwarded: true,
            host,
        }
    }

    /// The registry's base URL as this client reaches it.
    #[must_use]
    pub fn base_url(&self, state: &AppState) -> String {
        match &state.config.server.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let host = self.host.as_deref().unwrap_or(&state.server_name);
                format!("{}://{host}", self.scheme)
            }
        }
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The last of a list header's values: what the nearest proxy added.
fn last_of<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get_all(name).last()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

fn is_proxy(proxies: &[IpNetwork], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

fn forwarded(request: &HttpRequest, proxies: &[IpNetwork]) -> Option<IpAddr> {
    let values: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut nearest = None;
    for text in values.into_iter().rev() {
        // What cannot be read ends the chain of trust.
        let address: IpAddr = text.parse().ok()?;
        nearest = Some(address);
        if !is_proxy(proxies, address) {
            break;
        }
    }
    nearest
}
