//! slipway-storage.
