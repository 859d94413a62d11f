//! Quay's REST API over the wire.

mod initialize;
mod repositories;
mod repository_changes;
mod repository_lists;
mod search;
mod sessions;
