//! slipway-testkit.

pub mod storage_suite;
