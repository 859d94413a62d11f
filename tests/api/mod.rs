//! Quay's REST API over the wire.

mod initialize;
mod manifests;
mod sessions;
mod tag_model;
mod tags;
mod time_machine;
