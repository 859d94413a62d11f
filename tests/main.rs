//! One integration binary: real servers, spoken to over real sockets.
//!
//! `support` starts servers and speaks HTTP; every other folder tests one face of the program. One
//! server of the default configuration is shared by all tests of the process, each of which uses
//! repositories of its own; only tests of another configuration start another one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "these threads run no arbiter, and the tests' own switches are no configuration"
)]

mod api;
mod operations;
mod policy;
mod support;
mod v2;
