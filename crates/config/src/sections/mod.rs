//! The sections of the configuration, one file each.
//!
//! A key exists in exactly one place, its line in one of these files. The order of keys here is
//! their order in `config.toml` and in `docs/configuration.md`. After a change run
//! `cargo run -p slipway-config --example render`, which writes both anew.

mod accounts;
mod api;
mod audit;
mod auth;
mod data;
mod database;
mod debug;
mod limits;
mod log;
mod mail;
mod metrics;
mod registry;
mod server;
mod storage;
mod tags;
mod telemetry;
mod tls;

pub use self::accounts::Accounts;
pub use self::api::Api;
pub use self::audit::Audit;
pub use self::auth::Auth;
pub use self::data::Data;
pub use self::database::Database;
pub use self::debug::Debug;
pub use self::limits::Limits;
pub use self::log::{Log, LogFormat};
pub use self::mail::{Mail, MailTls};
pub use self::metrics::Metrics;
pub use self::registry::{DeleteByDigest, Registry, RegistryState};
pub use self::server::Server;
pub use self::storage::{Storage, StorageEngine, SyncMode};
pub use self::tags::Tags;
pub use self::telemetry::Telemetry;
pub use self::tls::{Tls, TlsVersion};
