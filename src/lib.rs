//! Slipway's HTTP edge.
