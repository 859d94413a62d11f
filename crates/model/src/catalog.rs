//! Reads across repositories.

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::AccountId;
use crate::statement;

/// Whose eyes a list is for.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// Who; `None` for nobody logged in.
    pub account: Option<AccountId>,
    /// Sees everything.
    pub reads_everything: bool,
    /// Whether public repositories are listed too.
    pub lists_public: bool,
}

/// Lists at most `limit` repositories above `after`, by full name in byte order.
///
/// # Errors
/// The database's.
pub async fn list_repositories(
    db: &Database,
    viewer: Viewer,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>, ModelError> {
    let account = viewer.account.map(|id| id.0);
    let rows = db
        .rows(
            &statement::LIST_REPOSITORIES,
            &[
                &account,
                &viewer.reads_everything,
                &viewer.lists_public,
                &after,
                &limit,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(ModelError::from))
        .collect()
}
