//! What tests of several crates share: a database of their own, and the checks every store passes.
//!
//! Start with [`TestDatabase`].

pub mod database;
pub mod storage_suite;

pub use database::{TestDatabase, TestServer};
