//! What a server can be told: sizes, deadlines and where its certificate is.
//!
//! The values arrive already read from the configuration; this crate checks only what would
//! otherwise make the server library panic (see [`crate::TransportError::Workers`]). Every
//! duration is enforced by the server itself and needs no help from the application.

use std::path::PathBuf;
use std::time::Duration;

/// How many connections a server takes, and how long it waits for its clients.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Worker threads, 1 to 512. Each runs its own copy of the application.
    pub workers: usize,
    /// Connections open at once in this process; beyond that they wait in the kernel's queue.
    /// Shared out evenly over the workers, rounded up.
    pub max_connections: usize,
    /// Length of the kernel's queue of connections not yet accepted, per listener.
    pub backlog: u32,
    /// How long a connection may stay open with no request running; zero closes after each.
    pub keep_alive: Duration,
    /// How long a client may take to send one complete request head; zero waits for ever.
    pub header_timeout: Duration,
    /// How long a graceful stop waits for running requests, rounded up to whole seconds.
    pub shutdown_timeout: Duration,
    /// TLS on every listener of this server; `None` serves plain TCP.
    pub tls: Option<TlsSettings>,
    /// Whether HTTP/2 is offered: by ALPN on TLS, by prior knowledge on plain TCP.
    pub http2: bool,
}

/// Where the certificate is, and which protocol versions are spoken with it.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// PEM file with the certificate chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// PEM file with the private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// The oldest protocol version accepted.
    pub min_version: TlsVersion,
    /// How often the two files are looked at for a change; zero never looks again.
    pub reload_interval: Duration,
}

/// A version of the TLS protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246) and newer.
    Tls12,
    /// TLS 1.3 (RFC 8446) only.
    Tls13,
}
