//! Who is at the other end of a connection, as the application may see it.
//!
//! The facts are fixed when the connection is accepted (after the TLS handshake), and every
//! request of the connection shares them. Forwarding headers are not looked at: whoever trusts a
//! proxy in front decides that above this crate.

use std::net::SocketAddr;

use actix_web::HttpRequest;

/// The version of HTTP spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0 or HTTP/1.1, one request at a time.
    Http1,
    /// HTTP/2, many requests at a time.
    Http2,
}

/// The other end of the connection a request came in on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// Address of the socket's other end, which may be a proxy.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// What is spoken on it.
    pub version: HttpVersion,
}

impl PeerInfo {
    /// Finds the peer of `request`; `None` when the request did not come in through
    /// [`crate::serve`], as in tests that call the application directly.
    pub fn find_in(request: &HttpRequest) -> Option<&Self> {
        request.conn_data::<Self>()
    }
}
