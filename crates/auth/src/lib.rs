//! slipway-auth.
