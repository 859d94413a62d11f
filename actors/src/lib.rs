//! Who owns what.
//!
//! | actor | key | owns | mailbox | exclusive | rank |
//! |---|---|---|---|---|---|
//! | [`upload::UploadActor`] | upload id | offset, hash, bytes of one upload | `limits.upload_mailbox` | append, finish, save, cancel | 1 |
//! | [`blob_index::BlobIndexActor`] | one | uploads that wait for their commit | `limits.blob_index_mailbox` | none | 2 |
//! | [`repository::RepositoryActor`] | repository name | copy of tags, manifests, blobs; queue of writes | `limits.repository_mailbox` | pushes, changes and deletions | 2 |
//! | [`account::AccountActor`] | one | signing key, passwords seen lately | 1024 | none | 3 |
//! | [`catalog::CatalogActor`] | one | nothing | 1024 | none | 3 |
//! | [`ledger::LedgerActor`] | one | usage-log rows that wait | `limits.ledger_queue` | none | 4 |
//! | [`node::NodeActor`] | one | heartbeat, batches of segments, changed principals, doubts of database and clock | 64 | none | 4 |
//!
//! Beside them runs [`mail`]'s worker, which sends the letters that wait in the database.
//!
//! An actor may ask only one of a higher rank; everything else is a tell or a row. The database is
//! the truth: any actor may vanish at any time and is rebuilt from it. Start with `boot.rs`.

pub mod account;
pub mod blob_index;
pub mod boot;
pub mod catalog;
pub mod deps;
pub mod kernel;
pub mod ledger;
pub mod mail;
pub mod node;
pub mod repository;
pub mod upload;

pub use crate::boot::{Actors, BootConfig, Mailboxes};
pub use slipway_model::audit::Origin;
pub use slipway_model::{
    AccountId, Database, DatabaseSettings, ModelError, NamespaceId, RepositoryId, UploadId,
};
pub use slipway_storage as storage;

/// Rows of roles, as they come out of the database.
pub mod roles {
    pub use slipway_model::default_permission::DefaultPermission;
    pub use slipway_model::repository_permission::{AccountRole, TeamRole};
}
