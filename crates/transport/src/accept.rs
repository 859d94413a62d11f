//! From an accepted socket to a connection that HTTP can be spoken on.
//!
//! Sets the socket's options, does the TLS handshake or looks for HTTP/2 by prior knowledge, and
//! says which protocol the dispatcher is to speak. Clients that do not get this far within their
//! time are dropped; everything here is logged at debug, since any port scan causes it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::DispatchError;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::connection::{Connection, Link};
use crate::peer::{HttpVersion, PeerInfo};
use crate::settings::TransportSettings;
use crate::watch::Watch;

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long sent bytes may stay without any progress at the client: five minutes. Ends transfers
/// whose reader has stopped, which TCP by itself would keep for ever.
const STALL_TIMEOUT_MS: u32 = 300_000;

/// How an HTTP/2 connection begins (RFC 9113, 3.4); the rest follows after the empty line.
const HTTP2_PREFACE: &[u8; 12] = b"PRI * HTTP/2";

/// What the dispatcher takes: the stream, what to speak on it, and who is there.
pub(crate) type Accepted = (Connection, Protocol, Option<SocketAddr>);

/// Makes connections of accepted sockets; one for each server, shared by its workers.
#[derive(Clone)]
pub(crate) struct Acceptor {
    settings: Arc<TransportSettings>,
    tls: Option<TlsAcceptor>,
}

impl Acceptor {
    pub(crate) fn new(settings: Arc<TransportSettings>, tls: Option<Arc<ServerConfig>>) -> Self {
        Self {
            settings,
            tls: tls.map(TlsAcceptor::from),
        }
    }

    pub(crate) async fn accept(self, tcp: TcpStream) -> Result<Accepted, DispatchError> {
        let connection = match self.open(tcp).await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::debug!(%error, "connection not accepted");
                return Err(error.into());
            }
        };
        let address = connection.peer().address;
        let protocol = match connection.peer().version {
            HttpVersion::Http1 => Protocol::Http1,
            HttpVersion::Http2 => Protocol::Http2,
        };
        Ok((connection, protocol, Some(address)))
    }

    async fn open(&self, tcp: TcpStream) -> io::Result<Connection> {
        let address = tcp.peer_addr()?;
        tcp.set_nodelay(true)?;
        set_tcp_user_timeout(&tcp, STALL_TIMEOUT_MS)?;
        let (link, version) = match &self.tls {
            Some(acceptor) => handshake(acceptor, tcp).await?,
            None => {
                let version = self.detect_version(&tcp).await?;
                (Link::Plain(tcp), version)
            }
        };
        let peer = PeerInfo {
            address,
            tls: self.tls.is_some(),
            version,
        };
        Ok(Connection::new(
            link,
            peer,
            Watch::new(version, &self.settings),
        ))
    }

    /// Looks, without consuming, whether a plain connection begins with the HTTP/2 preface.
    async fn detect_version(&self, tcp: &TcpStream) -> io::Result<HttpVersion> {
        if !self.settings.http2 {
            return Ok(HttpVersion::Http1);
        }
        let mut beginning = [0; HTTP2_PREFACE.len()];
        let peeked = match self.settings.header_timeout {
            Duration::ZERO => tcp.peek(&mut beginning).await,
            limit => timeout(limit, tcp.peek(&mut beginning)).await?,
        };
        peeked?;
        Ok(if &beginning == HTTP2_PREFACE {
            HttpVersion::Http2
        } else {
            HttpVersion::Http1
        })
    }
}

async fn handshake(acceptor: &TlsAcceptor, tcp: TcpStream) -> io::Result<(Link, HttpVersion)> {
    let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(tcp)).await??;
    let version = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => HttpVersion::Http2,
        _ => HttpVersion::Http1,
    };
    Ok((Link::Tls(Box::new(stream)), version))
}
