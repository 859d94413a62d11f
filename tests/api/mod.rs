//! Quay's REST API over the wire.

mod initialize;
mod sessions;
