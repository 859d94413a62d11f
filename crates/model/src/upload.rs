//! Saved uploads: what a node knows to be synced, so that another can go on.

use bytes::Bytes;

use crate::blob::{SegmentRow, read_segment};
use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{RepositoryId, UploadId};
use crate::statement;

/// The synced state of an upload.
#[derive(Debug, Clone)]
pub struct SavedUpload {
    /// Grows with each take-over.
    pub epoch: i64,
    /// Bytes that are synced.
    pub offset_bytes: u64,
    /// The hash over them, as `slipway_oci::Hasher` saves it.
    pub hash_state: Vec<u8>,
    /// The bytes, while the upload is small.
    pub inline: Option<Bytes>,
    /// Its objects, cut to the synced size.
    pub segments: Vec<SegmentRow>,
}

/// Saves an upload; answers false when another node took over or its batch was closed.
///
/// # Errors
/// The database's.
pub async fn save_upload(
    db: &Database,
    id: UploadId,
    repository: RepositoryId,
    state: &SavedUpload,
) -> Result<bool, ModelError> {
    let offset = i64::try_from(state.offset_bytes).unwrap_or(i64::MAX);
    let batches: Vec<i64> = state
        .segments
        .iter()
        .map(|segment| segment.batch.0)
        .collect();
    let names: Vec<Vec<u8>> = state
        .segments
        .iter()
        .map(|segment| segment.name.to_be_bytes().to_vec())
        .collect();
    let positions: Vec<i32> = (0..state.segments.len())
        .map(|position| i32::try_from(position).unwrap_or(i32::MAX))
        .collect();
    let sizes: Vec<i64> = state
        .segments
        .iter()
        .map(|segment| i64::try_from(segment.size_bytes).unwrap_or(i64::MAX))
        .collect();
    let inline: Option<&[u8]> = state.inline.as_deref();
    let row = db
        .one(
            &statement::SAVE_UPLOAD,
            &[
                &id,
                &repository.0,
                &state.epoch,
                &offset,
                &state.hash_state,
                &inline,
                &batches,
                &names,
                &positions,
                &sizes,
            ],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// Takes a saved upload of `repository` over, raising its epoch.
///
/// # Errors
/// The database's.
pub async fn take_upload(
    db: &Database,
    id: UploadId,
    repository: RepositoryId,
) -> Result<Option<SavedUpload>, ModelError> {
    let Some(row) = db
        .row(&statement::TAKE_UPLOAD, &[&id, &repository.0])
        .await?
    else {
        return Ok(None);
    };
    let rows = db.rows(&statement::LIST_UPLOAD_SEGMENTS, &[&id]).await?;
    let segments: Result<Vec<SegmentRow>, ModelError> = rows.iter().map(read_segment).collect();
    let offset: i64 = row.try_get(1)?;
    let inline: Option<Vec<u8>> = row.try_get(3)?;
    Ok(Some(SavedUpload {
        epoch: row.try_get(0)?,
        offset_bytes: offset.unsigned_abs(),
        hash_state: row.try_get(2)?,
        inline: inline.map(Bytes::from),
        segments: segments?,
    }))
}

/// Forgets a saved upload; answers whether there was one.
///
/// # Errors
/// The database's.
pub async fn delete_upload(db: &Database, id: UploadId) -> Result<bool, ModelError> {
    Ok(db.row(&statement::DELETE_UPLOAD, &[&id]).await?.is_some())
}

/// Lists saved uploads without progress for `idle_s` seconds, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_expired(
    db: &Database,
    idle_s: f64,
    limit: i64,
) -> Result<Vec<(UploadId, RepositoryId)>, ModelError> {
    let rows = db
        .rows(&statement::LIST_EXPIRED, &[&idle_s, &limit])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}
