//! The actors on a real database and a real store.
//!
//! A test has a [`support::Site`]: a database and a folder of its own. On it one node runs after
//! the other, each in an actix system that ends with it, which is as good as a crash.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the switches for tests do not cover what tests share"
)]

mod checkpoints;
mod durability;
mod guard;
mod kernel;
mod reads;
mod recovery;
mod repositories;
mod support;
mod uploads;
