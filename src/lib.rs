//! Slipway's HTTP edge: requests are authenticated, parsed and turned into one message each.
//!
//! Whatever is decided or stored happens in `slipway-actors`; this crate may not reach the
//! database, the store or any other outside service by itself. `routes.rs` is the list of what is
//! answered, `server.rs` puts a running server together, `cli/` are the commands.

pub mod api;
pub mod cli;
pub mod edge;
pub mod health;
pub mod keys;
pub mod metrics;
pub mod observe;
pub mod routes;
pub mod server;
pub mod telemetry;
pub mod v2;
