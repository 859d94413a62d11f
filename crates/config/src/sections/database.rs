//! The PostgreSQL database, one's own or embedded.
//!
//! With no `url` the process starts a PostgreSQL below `data.dir`; the keys from `bin_dir` on matter
//! only then. Times bound how long requests wait for a database that is slow or away.

use std::path::PathBuf;
use std::time::Duration;

use crate::key::section;
use crate::secret::Secret;
use crate::size::ByteSize;

section! {
    /// The PostgreSQL database. Without `url` an embedded one is started below `data.dir`.
    Database in "database" {
        /// Connection URL, `postgresql://user:password@host:port/name`.
        url: Option<Secret<String>> = None, quay ["DB_URI"], flags [secret];
        /// Whether statements stay prepared on a connection; set false behind a pooler that shares
        /// connections between transactions, such as pgbouncer.
        prepared_statements: bool = true;
        /// Connections kept open at most.
        pool_size: u32 = 24, range [1, 10_000];
        /// How long making a connection may take.
        connect_timeout: Duration = Duration::from_secs(5),
            range [Duration::from_millis(1), Duration::from_secs(600)];
        /// How long one statement may run before the server cancels it; `0s` sets no limit.
        statement_timeout: Duration = Duration::from_secs(30);
        /// How long the database may be away before the process reports itself unhealthy.
        outage_grace: Duration = Duration::from_secs(30);
        /// How long a request waits for the database before it is answered 503.
        request_wait: Duration = Duration::from_secs(5),
            range [Duration::from_millis(1), Duration::from_secs(600)];
        /// PEM file with the authorities that may sign the database's certificate.
        ///
        /// Setting it makes TLS to the database mandatory.
        ca_certificate: Option<PathBuf> = None, quay ["DB_CONNECTION_ARGS"];
        /// Embedded only: folder with `postgres` and `initdb`; unset looks in the usual places.
        bin_dir: Option<PathBuf> = None;
        /// Embedded only: account to run PostgreSQL as when the process itself runs as root.
        run_as: Option<String> = None;
        /// Embedded only: PostgreSQL's `shared_buffers`.
        shared_buffers: ByteSize = ByteSize::from_mib(64),
            range [ByteSize::from_kib(128), ByteSize::from_gib(1024)];
        /// Embedded only: PostgreSQL's `max_wal_size`.
        max_wal_size: ByteSize = ByteSize::from_gib(1),
            range [ByteSize::from_mib(32), ByteSize::from_gib(1024)];
        /// Embedded only: folder of the Unix socket; unset uses one below `data.dir`.
        socket_dir: Option<PathBuf> = None;
    }
}
