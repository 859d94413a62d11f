//! Generations whose bytes may not have survived a power cut.
//!
//! A suspect is not present anywhere until it was hashed: then it is live again, or lost. A lost one
//! keeps its links to repositories and manifests, so that the next push of the digest heals them
//! all; that, and taking the place of a suspect, is the SQL function `commit_blobs`.

use slipway_oci::Digest;

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{BlobId, RepositoryId};
use crate::statement;

/// What a suspect should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    /// Its generation.
    pub id: BlobId,
    /// What its bytes hashed to.
    pub digest: Digest,
    /// How many there were.
    pub size_bytes: u64,
}

/// Lists suspects above `after`, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_suspects(
    db: &Database,
    after: BlobId,
    limit: i64,
) -> Result<Vec<Suspect>, ModelError> {
    let rows = db
        .rows(&statement::LIST_SUSPECTS, &[&after.0, &limit])
        .await?;
    rows.iter()
        .map(|row| read(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        .collect()
}

/// Lists the generations of `digests` that are suspect and linked to `repository`.
///
/// # Errors
/// The database's.
pub async fn list_suspects_here(
    db: &Database,
    repository: RepositoryId,
    digests: &[Digest],
) -> Result<Vec<BlobId>, ModelError> {
    let digests: Vec<Vec<u8>> = digests.iter().map(Digest::to_db).collect();
    let rows = db
        .rows(&statement::LIST_SUSPECTS_HERE, &[&repository.0, &digests])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Finds what the generation should be; `None` when it is not suspect any more.
///
/// # Errors
/// The database's.
pub async fn find_suspect(db: &Database, id: BlobId) -> Result<Option<Suspect>, ModelError> {
    let row = db.row(&statement::FIND_SUSPECT, &[&id.0]).await?;
    row.map(|row| read(id, row.try_get(0)?, row.try_get(1)?))
        .transpose()
}

fn read(id: BlobId, digest: &[u8], size: i64) -> Result<Suspect, ModelError> {
    let digest =
        Digest::from_db(digest).map_err(|error| ModelError::Internal(error.to_string()))?;
    Ok(Suspect {
        id,
        digest,
        size_bytes: size.unsigned_abs(),
    })
}

/// Notes that a suspect is whole; answers whether it was still suspect.
///
/// # Errors
/// The database's; [`ModelError::Conflict`] when a push of the digest is taking its place.
pub async fn clear_suspect(db: &Database, id: BlobId) -> Result<bool, ModelError> {
    Ok(db.row(&statement::CLEAR_SUSPECT, &[&id.0]).await?.is_some())
}

/// Notes that a suspect is damaged; answers whether it was still suspect.
///
/// # Errors
/// The database's.
pub async fn mark_lost(db: &Database, id: BlobId) -> Result<bool, ModelError> {
    Ok(db.row(&statement::MARK_LOST, &[&id.0]).await?.is_some())
}

/// How many generations nobody may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doubtful {
    /// Waiting to be hashed.
    pub suspects: i64,
    /// Damaged, and not pushed again yet.
    pub lost: i64,
}

/// Counts them.
///
/// # Errors
/// The database's.
pub async fn count_doubtful(db: &Database) -> Result<Doubtful, ModelError> {
    let row = db.one(&statement::COUNT_DOUBTFUL, &[]).await?;
    Ok(Doubtful {
        suspects: row.try_get(0)?,
        lost: row.try_get(1)?,
    })
}
