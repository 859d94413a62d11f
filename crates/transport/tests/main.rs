//! The server through real sockets: every test starts its own, on a port of the system's choice.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the support code around the tests may fail the test at once"
)]

mod deadlines;
mod download;
mod encrypted;
mod http2;
mod refusal;
mod stop;
mod support;
mod upload;
