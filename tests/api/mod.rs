//! Quay's REST API over the wire.

mod attacks;
mod credentials;
mod initialize;
mod oauth;
mod organization_access;
mod organizations;
mod permissions;
mod registry_wide;
mod revocation;
mod robots;
mod service_keys;
mod sessions;
mod sessions;
mod teams;
mod usage_log;
