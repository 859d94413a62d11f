//! Reading the usage log: what [`crate::audit`] wrote.
//!
//! Lists run from the newest row to the oldest; a page ends at a [`LogPosition`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::database::Params;
use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId, RepositoryId};
use crate::query::{FromRow as _, Run, record};
use crate::statement;

/// Which rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogFilter {
    /// Only of this namespace.
    pub namespace: Option<NamespaceId>,
    /// Only of this repository.
    pub repository: Option<RepositoryId>,
    /// Only what this one did.
    pub performer: Option<AccountId>,
    /// Not before this, Unix seconds.
    pub from_s: i64,
    /// Before this, Unix seconds.
    pub until_s: i64,
}

/// The last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// When, Unix microseconds.
    pub at_us: i64,
    /// Its id.
    pub id: i64,
}

record! {
    /// One row of the usage log.
    pub struct LogRow {
        /// Its id.
        pub id: i64,
        /// When, Unix microseconds.
        pub at_us: i64,
        /// Its kind, such as `push_repo`.
        pub kind: String,
        /// From which address.
        pub ip: Option<String>,
        /// What else is known.
        pub metadata: Value,
        /// Who did it; `None` when nobody was logged in or the account is gone.
        pub performer_name: Option<String>,
        /// `user`, `organization` or `robot`.
        pub performer_kind: Option<String>,
        /// Its address.
        pub performer_email: Option<String>,
        /// The namespace it is about.
        pub namespace_name: Option<String>,
        /// `user`, `organization` or `robot`.
        pub namespace_kind: Option<String>,
        /// Its address.
        pub namespace_email: Option<String>,
    }
}

record! {
    /// How many rows of a kind a day has.
    pub struct LogCount {
        /// The kind.
        pub kind: String,
        /// The day's beginning in UTC, Unix seconds.
        pub day_s: i64,
        /// How many.
        pub rows: i64,
    }
}

/// Lists rows, newest first, after `after`.
///
/// # Errors
/// The database's.
pub async fn list_log(
    run: &impl Run,
    filter: &LogFilter,
    after: Option<LogPosition>,
    limit: i64,
) -> Result<Vec<LogRow>, ModelError> {
    let params: Params<'_> = &[
        &filter.namespace,
        &filter.repository,
        &filter.performer,
        &filter.from_s,
        &filter.until_s,
        &after.map(|place| place.at_us),
        &after.map(|place| place.id),
        &limit,
    ];
    let rows = run.run(&statement::LIST_LOG, params).await?;
    rows.iter().map(LogRow::from_row).collect()
}

/// Counts rows by day and kind.
///
/// # Errors
/// The database's.
pub async fn count_log(run: &impl Run, filter: &LogFilter) -> Result<Vec<LogCount>, ModelError> {
    let params: Params<'_> = &[
        &filter.namespace,
        &filter.repository,
        &filter.performer,
        &filter.from_s,
        &filter.until_s,
    ];
    let rows = run.run(&statement::COUNT_LOG, params).await?;
    rows.iter().map(LogCount::from_row).collect()
}
