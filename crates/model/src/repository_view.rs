//! What lists and pages show of repositories.
//!
//! A page of a list is two statements, whatever is on it: one finds the ids of what the viewer may
//! see, one describes them. Visibility is decided in SQL; see `may_read`.

use slipway_oci::Digest;
use tokio_postgres::Row;

use crate::catalog::Viewer;
use crate::database::Params;
use crate::error::ModelError;
use crate::ids::{AccountId, RepositoryId};
use crate::manifest::parse_digest;
use crate::query::{FromRow, Run, queries, record};
use crate::statement;

record! {
    /// A repository as a list shows it.
    pub struct ListedRepository {
        /// The name of its namespace.
        pub namespace: String,
        /// Its name below that.
        pub name: String,
        /// What people read about it.
        pub description: String,
        /// Whether everybody may read it.
        pub is_public: bool,
        /// `NORMAL`, `READ_ONLY`, `MIRROR` or `ORG_MIRROR`.
        pub state: String,
        /// Whether the viewer starred it.
        pub is_starred: bool,
        /// When its newest tag was made, Unix seconds; `None` also when it was not asked for.
        pub last_modified_s: Option<i64>,
        /// How much is done with it; 0 also when it was not asked for.
        pub popularity: f64,
        /// Bytes of the blobs present in it.
        pub size_bytes: i64,
    }
}

record! {
    /// A repository as its own page shows it.
    pub struct DescribedRepository {
        /// What people read about it.
        pub description: String,
        /// Whether everybody may read it.
        pub is_public: bool,
        /// `NORMAL`, `READ_ONLY`, `MIRROR` or `ORG_MIRROR`.
        pub state: String,
        /// What stands in the link of its build badge.
        pub status_token: String,
        /// Whether its namespace is an organization.
        pub is_organization: bool,
        /// The time machine window of its namespace, seconds.
        pub tag_expiration_s: i64,
        /// Whether the viewer starred it.
        pub is_starred: bool,
    }
}

record! {
    /// What was done with a repository on a day.
    pub struct DayOfActions {
        /// The day in UTC, as `2026-11-25`.
        pub day: String,
        /// How often.
        pub count: i64,
    }
}

/// A live tag as the repository's page shows it.
#[derive(Debug, Clone)]
pub struct ShownTag {
    /// Its name.
    pub name: String,
    /// When it was made, Unix seconds.
    pub start_s: i64,
    /// When it ends by itself, Unix seconds.
    pub end_s: Option<i64>,
    /// The manifest it points at.
    pub digest: Digest,
    /// Bytes of the layers; `None` for an index.
    pub size_bytes: Option<i64>,
}

impl FromRow for ShownTag {
    fn from_row(row: &Row) -> Result<Self, ModelError> {
        let digest: &[u8] = row.try_get("digest")?;
        Ok(Self {
            name: row.try_get("name")?,
            start_s: row.try_get("start_s")?,
            end_s: row.try_get("end_s")?,
            digest: parse_digest(digest)?,
            size_bytes: row.try_get("size_bytes")?,
        })
    }
}

/// Lists repositories of one namespace above `after` that the viewer may see.
///
/// # Errors
/// The database's.
pub async fn list_in_namespace(
    run: &impl Run,
    viewer: Viewer,
    namespace: &str,
    after: RepositoryId,
    limit: i64,
) -> Result<Vec<RepositoryId>, ModelError> {
    let params: Params<'_> = &[
        &viewer.account,
        &namespace,
        &viewer.reads_everything,
        &viewer.lists_public,
        &after,
        &limit,
    ];
    let rows = run.run(&statement::LIST_IN_NAMESPACE, params).await?;
    rows.iter().map(FromRow::from_row).collect()
}

queries! {
    /// Lists public repositories above `after` and those that the viewer may read.
    fn list_visible(account: Option<AccountId>, after: RepositoryId, limit: i64) -> many RepositoryId = LIST_VISIBLE;
    /// Lists repositories above `after` that the viewer starred and may still see.
    fn list_starred(
        account: AccountId,
        sees_everything: bool,
        after: RepositoryId,
        limit: i64,
    ) -> many RepositoryId = LIST_STARRED_REPOSITORIES;
    /// Describes repositories for a list, by ascending id; those deleted meanwhile are left out.
    fn describe_list(
        ids: &[i64],
        account: Option<AccountId>,
        with_last_modified: bool,
        with_popularity: bool,
    ) -> many ListedRepository = DESCRIBE_LIST;
    /// Describes one repository; `None` when it was deleted.
    fn describe(id: RepositoryId, account: Option<AccountId>) -> maybe DescribedRepository = DESCRIBE_REPOSITORY;
    /// Counts what was done on each of the last `days` days before today, the latest first.
    fn list_actions(id: RepositoryId, days: i32) -> many DayOfActions = LIST_REPOSITORY_ACTIONS;
    /// Lists at most `limit` live tags, the newest first.
    fn list_newest_tags(id: RepositoryId, limit: i64) -> many ShownTag = LIST_NEWEST_TAGS;
}
