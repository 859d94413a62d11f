//! Tags: where they point, their list, their end.

use serde_json::Value;
use slipway_oci::{Digest, TagName};

use crate::audit::Origin;
use crate::database::Database;
use crate::error::ModelError;
use crate::ids::RepositoryId;
use crate::manifest::{Verdict, read_digest, read_verdict};
use crate::statement;

/// Where a live tag points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagTarget {
    /// The manifest.
    pub digest: Digest,
    /// When the tag ends by itself, Unix milliseconds.
    pub end_ms: Option<i64>,
}

/// Finds where `tag` points.
///
/// # Errors
/// The database's.
pub async fn find_tag(
    db: &Database,
    repository: RepositoryId,
    tag: &TagName,
) -> Result<Option<TagTarget>, ModelError> {
    let Some(row) = db
        .row(&statement::FIND_TAG, &[&repository.0, &tag.as_str()])
        .await?
    else {
        return Ok(None);
    };
    Ok(Some(TagTarget {
        digest: read_digest(&row, 0)?,
        end_ms: row.try_get(1)?,
    }))
}

/// Answers whether a tag of that name ever lived.
///
/// # Errors
/// The database's.
pub async fn has_history(
    db: &Database,
    repository: RepositoryId,
    tag: &TagName,
) -> Result<bool, ModelError> {
    let row = db
        .one(&statement::HAS_HISTORY, &[&repository.0, &tag.as_str()])
        .await?;
    Ok(row.try_get(0)?)
}

/// Lists at most `limit` live tags above `after`, in byte order.
///
/// # Errors
/// The database's.
pub async fn list_tags(
    db: &Database,
    repository: RepositoryId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>, ModelError> {
    let rows = db
        .rows(&statement::LIST_TAGS, &[&repository.0, &after, &limit])
        .await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(ModelError::from))
        .collect()
}

/// Ends `tag`.
///
/// # Errors
/// The database's.
pub async fn delete_tag(
    db: &Database,
    repository: RepositoryId,
    tag: &TagName,
    origin: &Origin,
    metadata: &Value,
) -> Result<Verdict, ModelError> {
    let performer = origin.performer.map(|id| id.0);
    let row = db
        .one(
            &statement::DELETE_TAG,
            &[
                &repository.0,
                &tag.as_str(),
                &performer,
                &origin.ip,
                &origin.request_id,
                &metadata,
            ],
        )
        .await?;
    read_verdict(&row)
}
