//! slipway-actors.
