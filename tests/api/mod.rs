//! Quay's REST API over the wire.

mod attacks;
mod credentials;
mod initialize;
mod oauth;
mod registry_wide;
mod robots;
mod service_keys;
mod sessions;
mod usage_log;
