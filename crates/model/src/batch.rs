//! Batches of segments: opened before writing, closed when their node is gone, then swept.

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{BatchId, NodeId};
use crate::statement;

/// Opens a batch for `node`.
///
/// # Errors
/// The database's.
pub async fn open_batch(db: &Database, node: NodeId) -> Result<BatchId, ModelError> {
    Ok(db.one(&statement::OPEN_BATCH, &[&node]).await?.try_get(0)?)
}

/// Closes a batch; waits for commits that hold it.
///
/// # Errors
/// The database's.
pub async fn close_batch(db: &Database, batch: BatchId) -> Result<(), ModelError> {
    db.rows(&statement::CLOSE_BATCH, &[&batch.0])
        .await
        .map(drop)
}

/// Closes every batch of a node that stops; waits for commits that hold one.
///
/// # Errors
/// The database's.
pub async fn close_own(db: &Database, node: NodeId) -> Result<(), ModelError> {
    db.rows(&statement::CLOSE_OWN, &[&node]).await.map(drop)
}

/// Closes the batches of dead nodes and lists every closed batch that was not swept yet.
///
/// # Errors
/// The database's.
pub async fn close_dead_batches(
    db: &Database,
    node: NodeId,
    others_are_dead: bool,
    dead_after_s: f64,
) -> Result<Vec<BatchId>, ModelError> {
    let rows = db
        .rows(
            &statement::CLOSE_DEAD_BATCHES,
            &[&node, &others_are_dead, &dead_after_s],
        )
        .await?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(ModelError::from))
        .collect()
}

/// Notes that nothing unnamed is left of a closed batch.
///
/// # Errors
/// The database's.
pub async fn mark_swept(db: &Database, batch: BatchId) -> Result<(), ModelError> {
    db.rows(&statement::MARK_SWEPT, &[&batch.0]).await.map(drop)
}
