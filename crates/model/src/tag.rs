//! Tags: where they point, their list and history, and changes to their spans.
//!
//! The functions that change spans are parts of a transaction that holds the repository
//! ([`lock_repository`](crate::repository::lock_repository)).

use serde_json::Value;
use slipway_oci::{Digest, TagName};

use crate::audit::Origin;
use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{ManifestId, RepositoryId, SpanId, StoredDigest};
use crate::manifest::{Verdict, read_digest, read_verdict};
use crate::query::{FromRow as _, Run, queries, record};
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

record! {
    /// One span of a tag, with its manifest.
    pub struct PastSpan {
        /// The tag.
        pub name: String,
        /// Whether it brought back what was there before.
        pub reversion: bool,
        /// Whether it cannot be changed.
        pub immutable: bool,
        /// When it began, Unix milliseconds.
        pub start_ms: i64,
        /// When it ends or ended.
        pub end_ms: Option<i64>,
        /// The manifest.
        pub digest: StoredDigest,
        /// The manifest's media type.
        pub media_type: String,
        /// The sum of its layers' sizes.
        pub layers_size_bytes: i64,
        /// What it lists; `None` for what lists nothing.
        pub child_digests: Option<Vec<StoredDigest>>,
        /// For each of them whether it is here.
        pub child_present: Option<Vec<bool>>,
    }
}

/// Which spans are asked for.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    /// Only those that live.
    pub only_live: bool,
    /// Only of this tag.
    pub name: Option<String>,
    /// Only of tags whose names hold this, whatever its case.
    pub part: Option<String>,
    /// How many.
    pub limit: i64,
    /// How many to skip.
    pub skip: i64,
}

/// Lists spans that live or that the time machine still holds, newest first.
///
/// # Errors
/// The database's.
pub async fn list_history(
    db: &Database,
    repository: RepositoryId,
    asked: &HistoryQuery,
) -> Result<Vec<PastSpan>, ModelError> {
    let part = asked.part.as_ref().map(|part| part.to_lowercase());
    let rows = db
        .rows(
            &statement::LIST_HISTORY,
            &[
                &repository.0,
                &asked.only_live,
                &asked.name,
                &part,
                &asked.limit,
                &asked.skip,
            ],
        )
        .await?;
    rows.iter().map(PastSpan::from_row).collect()
}

/// A live span of a tag.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Its row.
    pub id: SpanId,
    /// When it began, Unix milliseconds.
    pub start_ms: i64,
    /// When it ends by itself.
    pub end_ms: Option<i64>,
    /// Whether it cannot be changed.
    pub immutable: bool,
    /// Where it points.
    pub digest: Digest,
}

/// Finds the live span of a tag; answers the database's time too, Unix milliseconds.
///
/// # Errors
/// The database's.
pub async fn find_span(
    run: &impl Run,
    repository: RepositoryId,
    tag: &TagName,
) -> Result<(i64, Option<Span>), ModelError> {
    let rows = run
        .run(&statement::FIND_SPAN, &[&repository.0, &tag.as_str()])
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| ModelError::Internal("`find_span` answered no row".to_owned()))?;
    let now_ms = row.try_get("now_ms")?;
    let id: Option<SpanId> = row.try_get("id")?;
    let Some(id) = id else {
        return Ok((now_ms, None));
    };
    let digest: StoredDigest = row.try_get("digest")?;
    let span = Span {
        id,
        start_ms: row.try_get("start_ms")?,
        end_ms: row.try_get("end_ms")?,
        immutable: row.try_get("immutable")?,
        digest: digest.0,
    };
    Ok((now_ms, Some(span)))
}

queries! {
    /// Ends the live span of a tag.
    fn close_span(repository: RepositoryId, tag: &str, now_ms: i64) -> changed = CLOSE_SPAN;
    /// Begins a span; answers when it ends by the labels of its manifest.
    fn open_span(repository: RepositoryId, manifest: ManifestId, tag: &str, now_ms: i64, reversion: bool) -> one Option<i64> = OPEN_SPAN;
    /// Answers whether a label of a manifest says when its tags end.
    fn has_acting_label(manifest: ManifestId) -> one bool = HAS_ACTING_LABEL;
    /// Sets when a span ends.
    fn set_end(span: SpanId, end_ms: Option<i64>) -> changed = SET_END;
    /// Makes a span immutable or not; then it does not end by itself unless `may_end`.
    fn set_immutable(span: SpanId, immutable: bool, may_end: bool) -> changed = SET_IMMUTABLE;
    /// Forgets a span.
    fn purge_live(span: SpanId) -> changed = PURGE_LIVE;
    /// Forgets the ended spans in which a tag pointed at a manifest.
    fn purge_ended(repository: RepositoryId, tag: &str, manifest: ManifestId, now_ms: i64) -> changed = PURGE_ENDED;
    /// Forgets the hidden spans of what an index lists.
    fn purge_children(repository: RepositoryId, index: ManifestId) -> changed = PURGE_CHILDREN;
}
