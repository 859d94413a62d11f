//! The statements of this crate against a real server.
//!
//! Every test has a database of its own, a copy of one migrated template. What cannot be tried on
//! this machine is said aloud with `SKIPPED`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the switches for tests do not cover what tests share"
)]

mod accounts;
mod blobs;
mod durability;
mod manifests;
mod migrations;
mod pooling;
mod served;
mod support;
mod tags;
mod tls;
mod uploads;
