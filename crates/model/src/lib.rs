//! The database: connections, migrations, and one function for each statement of `sql/queries`.
//!
//! This crate is the only one that speaks to PostgreSQL. A function takes a [`Database`] and plain
//! values, runs one statement and answers rows as structs; rules that must hold under concurrency
//! stand in the SQL itself (row locks, fences, functions), never here.
//!
//! Every statement declares its parameter types, so it can run prepared or, behind a pooler that
//! shares connections between transactions, unnamed in one round trip. Start with `database.rs`.

mod connect;
mod database;
mod error;
mod ids;
mod migrate;
mod query;
mod statement;

pub mod account;
pub mod app_token;
pub mod audit;
pub mod batch;
pub mod blob;
pub mod catalog;
pub mod confirmation;
pub mod default_permission;
pub mod global_message;
pub mod identity;
pub mod invitation;
pub mod label;
pub mod mail;
pub mod manifest;
pub mod namespace;
pub mod node;
pub mod oauth_application;
pub mod oauth_grant;
pub mod oauth_token;
pub mod organization;
pub mod repository;
pub mod repository_permission;
pub mod repository_view;
pub mod robot;
pub mod sealing_key;
pub mod search;
pub mod service_key;
pub mod session;
pub mod star;
pub mod superuser_notice;
pub mod suspect;
pub mod tag;
pub mod team;
pub mod team_invite;
pub mod upload;
pub mod usage_log;
pub mod user;
pub mod user_notification;

pub use crate::database::{Database, DatabaseSettings, Params};
pub use crate::error::ModelError;
pub use crate::ids::{
    AccountId, ApplicationId, BatchId, BlobId, LabelId, ManifestId, NamespaceId, NodeId,
    RepositoryId, SpanId, StoredDigest, TeamId, UploadId,
};
pub use crate::query::{Connection, Run, Transaction};
pub use crate::statement::{ALL_STATEMENTS, Statement};
