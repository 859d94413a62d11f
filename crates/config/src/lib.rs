//! slipway-config.
