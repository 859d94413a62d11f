//! Quay's REST API over the wire.

mod credentials;
mod initialize;
mod oauth;
mod robots;
mod sessions;
