//! The whole configuration as one struct, and values that follow from several keys.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::sections::{
    Accounts, Api, Audit, Auth, Data, Database, Debug as DebugSection, Limits, Log, Mail, Metrics,
    Registry, Server, Storage, Tags, Telemetry, Tls,
};
use crate::size::ByteSize;

/// The configuration of one process, all layers applied.
///
/// Debug and serialising hide secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where and how the process listens.
    pub server: Server,
    /// Encryption of the listener.
    pub tls: Tls,
    /// Where the process keeps its files.
    pub data: Data,
    /// The PostgreSQL database.
    pub database: Database,
    /// Where blobs are kept.
    pub storage: Storage,
    /// How the registry behaves towards its clients.
    pub registry: Registry,
    /// Tags, their lives, and labels.
    pub tags: Tags,
    /// Tokens, keys and accounts.
    pub auth: Auth,
    /// Users, sessions and robots.
    pub accounts: Accounts,
    /// The REST API.
    pub api: Api,
    /// Sending mail.
    pub mail: Mail,
    /// Bounds of queues, caches and requests.
    pub limits: Limits,
    /// The audit log.
    pub audit: Audit,
    /// The process's own log.
    pub log: Log,
    /// Prometheus metrics.
    pub metrics: Metrics,
    /// Traces of requests.
    pub telemetry: Telemetry,
    /// Switches for tests.
    pub debug: DebugSection,
}

impl Config {
    /// The folder of blob files: `storage.path`, or `blobs` inside `data.dir`.
    #[must_use]
    pub fn blob_dir(&self) -> PathBuf {
        self.storage
            .path
            .clone()
            .unwrap_or_else(|| self.data.dir.join("blobs"))
    }

    /// The file with the keys that seal secrets: `accounts.secret_key_file`, or `secret.key` inside
    /// `data.dir`.
    #[must_use]
    pub fn secret_key_file(&self) -> PathBuf {
        let configured = self.accounts.secret_key_file.clone();
        configured.unwrap_or_else(|| self.data.dir.join("secret.key"))
    }

    /// Free disk space below which uploads are refused.
    ///
    /// `storage.reserve`, or twice `database.max_wal_size` plus 256 MiB, so that a full disk stops
    /// pushes before it stops the database.
    #[must_use]
    pub fn storage_reserve(&self) -> ByteSize {
        let derived_bytes = self
            .database
            .max_wal_size
            .bytes()
            .saturating_mul(2)
            .saturating_add(ByteSize::from_mib(256).bytes());
        self.storage
            .reserve
            .unwrap_or(ByteSize::from_bytes(derived_bytes))
    }

    /// Whether mail can be sent, so that addresses must be proven.
    #[must_use]
    pub const fn has_mail(&self) -> bool {
        !self.mail.server.is_empty()
    }

    /// Whether the process runs a PostgreSQL of its own, because no `database.url` is set.
    #[must_use]
    pub const fn has_embedded_database(&self) -> bool {
        self.database.url.is_none()
    }

    /// The configuration as JSON for people to look at, secrets shown as `***`.
    #[must_use]
    pub fn dump(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}
