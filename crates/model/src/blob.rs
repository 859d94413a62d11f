//! Blobs: generations, their segments, and in which repositories they are present.

use bytes::Bytes;
use slipway_oci::{Digest, RepositoryName};

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{AccountId, BatchId, BlobId, RepositoryId, UploadId};
use crate::statement;

/// One stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentRow {
    /// The batch in its key.
    pub batch: BatchId,
    /// The random part of its key.
    pub name: u128,
    /// Its bytes.
    pub size_bytes: u64,
}

/// Where the bytes of a blob are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In the blob's row.
    Inline(Bytes),
    /// In these objects, in order.
    Segments(Vec<SegmentRow>),
}

/// A blob that is present in a repository.
#[derive(Debug, Clone)]
pub struct StoredBlob {
    /// Its generation.
    pub id: BlobId,
    /// Its size.
    pub size_bytes: u64,
    /// Its bytes.
    pub content: Content,
}

/// What a look for a blob in a repository found.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is here.
    Present(StoredBlob),
    /// Its bytes may not have survived; they are to be hashed before anybody relies on them.
    Suspect(BlobId),
}

impl Found {
    /// The blob, if it may be relied on.
    #[must_use]
    pub fn present(self) -> Option<StoredBlob> {
        match self {
            Self::Present(blob) => Some(blob),
            Self::Suspect(_) => None,
        }
    }
}

/// Finds a blob in a repository and extends its lease.
///
/// # Errors
/// The database's.
pub async fn find_blob(
    db: &Database,
    repository: RepositoryId,
    digest: &Digest,
    lease_s: f64,
) -> Result<Option<Found>, ModelError> {
    let row = db
        .row(
            &statement::FIND_BLOB,
            &[&repository.0, &digest.to_db(), &lease_s],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: BlobId = row.try_get(0)?;
    if row.try_get(3)? {
        return Ok(Some(Found::Suspect(id)));
    }
    let size: i64 = row.try_get(1)?;
    let inline: Option<Vec<u8>> = row.try_get(2)?;
    let content = match inline {
        Some(bytes) => Content::Inline(Bytes::from(bytes)),
        None => Content::Segments(list_segments(db, id).await?),
    };
    Ok(Some(Found::Present(StoredBlob {
        id,
        size_bytes: size.unsigned_abs(),
        content,
    })))
}

/// Lists the objects of a generation in order.
///
/// # Errors
/// The database's.
pub async fn list_segments(db: &Database, id: BlobId) -> Result<Vec<SegmentRow>, ModelError> {
    let rows = db.rows(&statement::LIST_SEGMENTS, &[&id.0]).await?;
    rows.iter().map(read_segment).collect()
}

pub(crate) fn read_segment(row: &tokio_postgres::Row) -> Result<SegmentRow, ModelError> {
    let size: i64 = row.try_get(2)?;
    Ok(SegmentRow {
        batch: row.try_get(0)?,
        name: read_name(row.try_get(1)?)?,
        size_bytes: size.unsigned_abs(),
    })
}

pub(crate) fn read_name(stored: &[u8]) -> Result<u128, ModelError> {
    let bytes: [u8; 16] = stored
        .try_into()
        .map_err(|_| ModelError::Internal("a segment's name is not 16 bytes".to_owned()))?;
    Ok(u128::from_be_bytes(bytes))
}

/// A finished upload to commit.
#[derive(Debug, Clone)]
pub struct NewBlob {
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// Its bytes or objects.
    pub content: Content,
    /// The upload that made it.
    pub upload: UploadId,
    /// The repositories that get it.
    pub repositories: Vec<RepositoryId>,
}

/// What became of one finished upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The generation, unless fenced.
    pub id: Option<BlobId>,
    /// Whether this upload's bytes are the ones kept.
    pub stored: bool,
    /// Whether its batch was closed, so that nothing was written.
    pub fenced: bool,
}

/// Commits `blobs` (distinct digests) in one round trip; answers one verdict each, in their order.
///
/// # Errors
/// The database's; on [`ModelError::Unavailable`] it may have happened, and repeating is safe as
/// long as objects are dropped only after [`list_named_segments`] denies them.
pub async fn commit_blobs(
    db: &Database,
    blobs: &[NewBlob],
    lease_s: f64,
) -> Result<Vec<Committed>, ModelError> {
    let mut order: Vec<usize> = (0..blobs.len()).collect();
    order.sort_by_key(|index| blobs.get(*index).map(|blob| blob.digest.to_db()));
    let mut columns = Columns::default();
    for (position, blob) in order
        .iter()
        .filter_map(|index| blobs.get(*index))
        .enumerate()
    {
        columns.push(
            i32::try_from(position.saturating_add(1)).unwrap_or(i32::MAX),
            blob,
        );
    }
    let rows = db
        .rows(
            &statement::COMMIT_BLOBS,
            &[
                &columns.digests,
                &columns.sizes,
                &columns.inlines,
                &columns.segment_items,
                &columns.segment_batches,
                &columns.segment_names,
                &columns.segment_positions,
                &columns.segment_sizes,
                &columns.segment_uploads,
                &columns.link_items,
                &columns.link_repositories,
                &lease_s,
            ],
        )
        .await?;
    let mut verdicts = vec![
        Committed {
            id: None,
            stored: false,
            fenced: true
        };
        blobs.len()
    ];
    for row in &rows {
        let item: i32 = row.try_get(0)?;
        let position = usize::try_from(item)
            .ok()
            .and_then(|item| item.checked_sub(1));
        let slot = position
            .and_then(|position| order.get(position))
            .and_then(|index| verdicts.get_mut(*index));
        if let Some(slot) = slot {
            *slot = Committed {
                id: row.try_get(1)?,
                stored: row.try_get(2)?,
                fenced: row.try_get(3)?,
            };
        }
    }
    Ok(verdicts)
}

#[derive(Default)]
struct Columns<'a> {
    digests: Vec<Vec<u8>>,
    sizes: Vec<i64>,
    inlines: Vec<Option<&'a [u8]>>,
    segment_items: Vec<i32>,
    segment_batches: Vec<i64>,
    segment_names: Vec<Vec<u8>>,
    segment_positions: Vec<i32>,
    segment_sizes: Vec<i64>,
    segment_uploads: Vec<UploadId>,
    link_items: Vec<i32>,
    link_repositories: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, item: i32, blob: &'a NewBlob) {
        self.digests.push(blob.digest.to_db());
        self.sizes
            .push(i64::try_from(blob.size_bytes).unwrap_or(i64::MAX));
        for repository in &blob.repositories {
            self.link_items.push(item);
            self.link_repositories.push(repository.0);
        }
        let segments = match &blob.content {
            Content::Inline(bytes) => {
                self.inlines.push(Some(bytes));
                return;
            }
            Content::Segments(segments) => segments,
        };
        self.inlines.push(None);
        for (position, segment) in segments.iter().enumerate() {
            self.segment_items.push(item);
            self.segment_batches.push(segment.batch.0);
            self.segment_names.push(segment.name.to_be_bytes().to_vec());
            self.segment_positions
                .push(i32::try_from(position).unwrap_or(i32::MAX));
            self.segment_sizes
                .push(i64::try_from(segment.size_bytes).unwrap_or(i64::MAX));
            self.segment_uploads.push(blob.upload);
        }
    }
}

/// Makes a blob of `source` present in `target` too; answers whether `source` had it.
///
/// # Errors
/// The database's.
pub async fn link_blob(
    db: &Database,
    source: RepositoryId,
    target: RepositoryId,
    digest: &Digest,
    lease_s: f64,
) -> Result<bool, ModelError> {
    let row = db
        .row(
            &statement::LINK_BLOB,
            &[&source.0, &target.0, &digest.to_db(), &lease_s],
        )
        .await?;
    Ok(row.is_some())
}

/// Where a blob may be taken from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Only from this repository.
    pub repository: Option<RepositoryName>,
    /// On behalf of whom; `None` for nobody logged in.
    pub account: Option<AccountId>,
    /// Whether that account reads everything.
    pub reads_everything: bool,
}

/// Where a blob may be taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundSource {
    /// The repository.
    pub repository: RepositoryId,
    /// Set when the generation there is suspect.
    pub suspect: Option<BlobId>,
}

/// Finds a repository that has the blob and from which it may be taken.
///
/// # Errors
/// The database's.
pub async fn find_source(
    db: &Database,
    digest: &Digest,
    source: &Source,
) -> Result<Option<FoundSource>, ModelError> {
    let account = source.account.map(|id| id.0);
    let namespace = source.repository.as_ref().map(RepositoryName::namespace);
    let repository = source.repository.as_ref().map(RepositoryName::repository);
    let row = db
        .row(
            &statement::FIND_SOURCE,
            &[
                &digest.to_db(),
                &account,
                &source.reads_everything,
                &namespace,
                &repository,
            ],
        )
        .await?;
    row.map(|row| {
        let is_suspect: bool = row.try_get(2)?;
        let id: BlobId = row.try_get(1)?;
        Ok(FoundSource {
            repository: row.try_get(0)?,
            suspect: is_suspect.then_some(id),
        })
    })
    .transpose()
}

/// What became of a wish to remove a blob from a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It is no longer present.
    Removed,
    /// It was not.
    Unknown,
    /// A served manifest needs it.
    Needed,
}

/// Removes a blob's presence from a repository; its bytes are another matter.
///
/// # Errors
/// The database's.
pub async fn unlink_blob(
    db: &Database,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Unlinked, ModelError> {
    let row = db
        .one(&statement::UNLINK_BLOB, &[&repository.0, &digest.to_db()])
        .await?;
    let (present, needed): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    Ok(match (present, needed) {
        (false, _) => Unlinked::Unknown,
        (true, true) => Unlinked::Needed,
        (true, false) => Unlinked::Removed,
    })
}

/// Answers which of `segments` a blob or a saved upload names.
///
/// # Errors
/// The database's.
pub async fn list_named_segments(
    db: &Database,
    segments: &[(BatchId, u128)],
) -> Result<Vec<(BatchId, u128)>, ModelError> {
    let batches: Vec<i64> = segments.iter().map(|(batch, _)| batch.0).collect();
    let names: Vec<Vec<u8>> = segments
        .iter()
        .map(|(_, name)| name.to_be_bytes().to_vec())
        .collect();
    let rows = db
        .rows(&statement::LIST_NAMED_SEGMENTS, &[&batches, &names])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, read_name(row.try_get(1)?)?)))
        .collect()
}
