//! slipway-postgres.
