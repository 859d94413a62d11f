//! The running processes of this registry, known to each other by heartbeat.

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::NodeId;
use crate::statement;

/// Announces `node`.
///
/// # Errors
/// The database's.
pub async fn start_node(db: &Database, node: NodeId) -> Result<(), ModelError> {
    db.rows(&statement::START_NODE, &[&node]).await.map(drop)
}

/// Confirms that `node` lives; answers how many others do.
///
/// # Errors
/// The database's.
pub async fn beat(db: &Database, node: NodeId, dead_after_s: f64) -> Result<i64, ModelError> {
    Ok(db
        .one(&statement::BEAT, &[&node, &dead_after_s])
        .await?
        .try_get(0)?)
}

/// Says that `node` is gone.
///
/// # Errors
/// The database's.
pub async fn stop_node(db: &Database, node: NodeId) -> Result<(), ModelError> {
    db.rows(&statement::STOP_NODE, &[&node]).await.map(drop)
}

/// Marks every other node as gone; for a caller that holds the data folder's lock.
///
/// # Errors
/// The database's.
pub async fn fence_others(db: &Database, node: NodeId) -> Result<(), ModelError> {
    db.rows(&statement::FENCE_OTHERS, &[&node]).await.map(drop)
}
