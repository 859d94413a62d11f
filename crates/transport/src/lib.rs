//! How Slipway listens: one HTTP server over plain TCP or TLS, made for sending large files.
//!
//! [`serve`] runs an actix-web application on sockets bound with [`bind`]. Within the application,
//! [`respond_file`] answers with file content: by `sendfile(2)` on plain HTTP/1, by positional
//! reads on TLS and HTTP/2. [`PeerInfo`] tells who asks.
//!
//! The crate owns deadlines, limits, certificates and the way bytes reach the socket. Routes,
//! ranges, conditional requests and everything else about HTTP is the application's. Read
//! `server.rs` first, then `outbox.rs`.

mod accept;
mod body;
mod connection;
mod error;
mod file;
mod outbox;
mod peer;
mod server;
mod settings;
mod tls;
mod transfer;
mod watch;

pub use crate::body::{FileBody, respond_file};
pub use crate::error::TransportError;
pub use crate::file::FilePart;
pub use crate::peer::{HttpVersion, PeerInfo};
pub use crate::server::{bind, serve};
pub use crate::settings::{TlsSettings, TlsVersion, TransportSettings};
pub use actix_server::{Server, ServerHandle};
