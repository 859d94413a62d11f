//! A private PostgreSQL server, run as a supervised child process.
//!
//! [`EmbeddedServer::start`] finds PostgreSQL's own programs on the host (nothing is ever
//! downloaded), makes or upgrades a cluster in the data folder, and keeps one postmaster running
//! over a unix socket in a private folder. What it lays out:
//!
//! ```text
//! <data_dir>/slipway.lock          exclusive lock, holds the owner's pid
//! <data_dir>/postgres/15/          the cluster of major 15
//! <data_dir>/postgres/14.kept/     the cluster an upgrade started from, never deleted
//! <data_dir>/postgres/run/         the socket, unless its path is too long
//! <data_dir>/postgres/server.log   what the server prints (server.log.1: the one before)
//! ```
//!
//! Invariants: one process per data folder, one postmaster per data folder, no TCP. Start
//! reading at `server.rs`; SQL and the schema belong to other crates.

mod account;
mod cluster;
mod conf;
mod error;
mod folder;
mod launcher;
mod lock;
mod log;
mod nameless;
mod postmaster;
mod processes;
mod programs;
mod server;
mod settings;
mod socket;
mod supervisor;
mod takeover;
mod upgrade;
mod wire;

pub use error::EmbeddedError;
pub use lock::FolderLock;
pub use programs::MINIMUM_MAJOR;
pub use server::EmbeddedServer;
pub use settings::{ConnectionInfo, EmbeddedSettings};
pub use supervisor::ServerState;
