//! Quay's REST API, `/api/v1`: one file per resource, named as Quay names it.

pub mod error;
pub mod user;
