//! The usage log: who did what from where.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::database::{Database, Params};
use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId, RepositoryId};
use crate::query::Run;
use crate::statement;

/// Where a change comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Who; `None` for nobody logged in.
    pub performer: Option<AccountId>,
    /// From which address.
    pub ip: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What the log also says of the credential, such as the OAuth token.
    pub credential: Option<Arc<Map<String, Value>>>,
}

impl Origin {
    /// Adds what is known of the credential to what a row says.
    #[must_use]
    pub fn describe(&self, mut metadata: Value) -> Value {
        if let (Some(extra), Some(object)) = (&self.credential, metadata.as_object_mut()) {
            for (key, value) in extra.iter() {
                object.insert(key.clone(), value.clone());
            }
        }
        metadata
    }
}

/// One row to write.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The log kind, such as `pull_repo`.
    pub kind: &'static str,
    /// The repository it is about.
    pub repository: Option<RepositoryId>,
    /// Where it came from.
    pub origin: Origin,
    /// What else is known.
    pub metadata: Value,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// Writes one row where `run` stands: in the transaction of what it is about.
///
/// # Errors
/// The database's.
pub async fn log(
    run: &impl Run,
    kind: &str,
    place: Place,
    origin: &Origin,
    metadata: Value,
) -> Result<(), ModelError> {
    let metadata = origin.describe(metadata);
    let params: Params<'_> = &[
        &kind,
        &place.namespace,
        &place.repository,
        &origin.performer,
        &origin.ip,
        &origin.request_id,
        &metadata,
    ];
    run.run(&statement::INSERT_LOG, params).await.map(drop)
}

/// What a log row is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// The namespace.
    pub namespace: Option<NamespaceId>,
    /// The repository.
    pub repository: Option<RepositoryId>,
}

impl From<NamespaceId> for Place {
    fn from(id: NamespaceId) -> Self {
        Self {
            namespace: Some(id),
            repository: None,
        }
    }
}

impl From<AccountId> for Place {
    fn from(id: AccountId) -> Self {
        NamespaceId(id.0).into()
    }
}

/// Writes `entries` in one statement.
///
/// # Errors
/// The database's; then none is written.
pub async fn insert_entries(db: &Database, entries: &[Entry]) -> Result<(), ModelError> {
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind).collect();
    let repositories: Vec<Option<i64>> = entries
        .iter()
        .map(|entry| entry.repository.map(|id| id.0))
        .collect();
    let performers: Vec<Option<i64>> = entries
        .iter()
        .map(|entry| entry.origin.performer.map(|id| id.0))
        .collect();
    let ips: Vec<Option<&str>> = entries
        .iter()
        .map(|entry| entry.origin.ip.as_deref())
        .collect();
    let requests: Vec<Option<&str>> = entries
        .iter()
        .map(|entry| entry.origin.request_id.as_deref())
        .collect();
    let metadata: Vec<&Value> = entries.iter().map(|entry| &entry.metadata).collect();
    let times: Vec<i64> = entries.iter().map(|entry| entry.at_ms).collect();
    db.rows(
        &statement::INSERT_ENTRIES,
        &[
            &kinds,
            &repositories,
            &performers,
            &ips,
            &requests,
            &metadata,
            &times,
        ],
    )
    .await
    .map(drop)
}
