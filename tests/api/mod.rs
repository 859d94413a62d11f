//! Quay's REST API over the wire.

mod attacks;
mod initialize;
mod registry_wide;
mod service_keys;
mod sessions;
mod usage_log;
