//! The usage log: who did what from where.

use serde_json::Value;

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{AccountId, RepositoryId};
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
