//! slipway-testkit.
