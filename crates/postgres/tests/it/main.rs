//! The private server against the PostgreSQL of this host.
//!
//! Every test has a data folder of its own below `/tmp`. Processes that must be killed are
//! helpers: this binary again, running one ignored test (`support::helper`). Tests pass as root
//! and as any other user; what cannot be tried is said aloud with `SKIPPED`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the switches for tests do not cover what tests share"
)]

mod accounts;
mod lifecycle;
mod refusals;
mod support;
mod takeover;
mod upgrade;
