//! What an administrator sees and says of the database and the bytes, beside a running node or not.

use slipway_model::{Database, ModelError, identity, node, suspect};

use super::DEAD_AFTER_S;

/// What there is to worry about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Why running nodes delete nothing.
    pub holds: Vec<String>,
    /// Blobs that wait for a check after a power cut.
    pub suspects: i64,
    /// Blobs that are damaged and were not pushed again yet.
    pub lost: i64,
}

/// Looks.
///
/// # Errors
/// The database's.
pub async fn inspect(db: &Database) -> Result<Findings, ModelError> {
    let doubtful = suspect::count_doubtful(db).await?;
    Ok(Findings {
        holds: node::list_held(db, DEAD_AFTER_S).await?,
        suspects: doubtful.suspects,
        lost: doubtful.lost,
    })
}

/// Takes the database and its clock for the right ones: nodes delete again.
///
/// # Errors
/// The database's.
pub async fn accept(db: &Database) -> Result<(), ModelError> {
    identity::accept(db).await
}
