//! What the caller says about the server, and what it gets back to connect with.
//!
//! Sizes are bytes. Nothing here reads the environment or a file: configuration belongs to the
//! caller. The names of the database, its owner and the superuser are fixed, since the cluster is
//! private to Slipway.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Port in the socket's name; no TCP port is ever opened.
pub(crate) const PORT: u16 = 5432;
/// The cluster's superuser; used by this crate only.
pub(crate) const SUPERUSER: &str = "postgres";
/// The database Slipway works in, and the role that owns it.
pub(crate) const DATABASE: &str = "slipway";

/// How to run the private server.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// Slipway's data folder; the server keeps to `<data_dir>/postgres`.
    pub data_dir: PathBuf,
    /// Folder of the server programs; `None`: the usual places, then `PATH`.
    pub bin_dir: Option<PathBuf>,
    /// User to run as when started as root; `None`: `postgres`, else `nobody`.
    pub run_as: Option<String>,
    /// Folder of the socket; `None`: `<data_dir>/postgres/run`, or a short private one.
    pub socket_dir: Option<PathBuf>,
    /// Connections the server accepts.
    pub max_connections: u32,
    /// Size of the server's own cache.
    pub shared_buffers_bytes: u64,
    /// Write-ahead log kept between checkpoints.
    pub max_wal_size_bytes: u64,
    /// `false` turns syncing off: only for tests, a crash of the machine loses the cluster.
    pub durable: bool,
    /// Further settings of `postgresql.conf`, written last, so that they win.
    pub extra: Vec<(String, String)>,
}

impl EmbeddedSettings {
    /// Modest durable defaults for `data_dir`: 100 connections, 128 MiB cache, 1 GiB of log.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            run_as: None,
            socket_dir: None,
            max_connections: 100,
            shared_buffers_bytes: 128 << 20,
            max_wal_size_bytes: 1 << 30,
            durable: true,
            extra: Vec::new(),
        }
    }
}

/// How to reach the running server: over its socket, without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Folder of the socket; clients take it as the host.
    pub socket_dir: PathBuf,
    /// Port in the socket's name.
    pub port: u16,
    /// Owner of the database; not a superuser.
    pub user: String,
    /// Name of the database.
    pub dbname: String,
}

impl ConnectionInfo {
    /// The connection as a URL that libpq and tokio-postgres read, the folder percent-encoded.
    #[must_use]
    pub fn to_url(&self) -> String {
        let mut host = String::new();
        for byte in self.socket_dir.as_os_str().as_bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                host.push(char::from(*byte));
            } else if write!(host, "%{byte:02X}").is_err() {
                // Writing to a String does not fail.
                continue;
            }
        }
        format!(
            "postgresql://{}@{host}:{}/{}",
            self.user, self.port, self.dbname
        )
    }

    /// The connection as `key='value'` pairs that libpq and tokio-postgres read.
    #[must_use]
    pub fn to_params(&self) -> String {
        let folder = self.socket_dir.to_string_lossy();
        let quoted = folder.replace('\\', "\\\\").replace('\'', "\\'");
        format!(
            "host='{quoted}' port={} user={} dbname={}",
            self.port, self.user, self.dbname
        )
    }

    /// The socket's own path.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.socket_dir.join(format!(".s.PGSQL.{}", self.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_carries_the_folder_as_an_encoded_host() {
        let info = ConnectionInfo {
            socket_dir: PathBuf::from("/tmp/a b/it's"),
            port: PORT,
            user: DATABASE.to_owned(),
            dbname: DATABASE.to_owned(),
        };
        assert_eq!(
            info.to_url(),
            "postgresql://slipway@%2Ftmp%2Fa%20b%2Fit%27s:5432/slipway"
        );
        assert_eq!(
            info.to_params(),
            "host='/tmp/a b/it\\'s' port=5432 user=slipway dbname=slipway"
        );
        assert_eq!(
            info.socket_path(),
            PathBuf::from("/tmp/a b/it's/.s.PGSQL.5432")
        );
    }
}
