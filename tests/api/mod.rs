//! Quay's REST API over the wire.

mod initialize;
mod organization_access;
mod organizations;
mod permissions;
mod revocation;
mod sessions;
mod teams;
