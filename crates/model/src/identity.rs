//! Which database this is: the server's own identity, and a counter that never goes back.
//!
//! The store keeps the counter too, so a database that was put back, or another server, is noticed.

use crate::database::Database;
use crate::error::ModelError;
use crate::statement;

/// Which server answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerIdentity {
    /// The cluster's identifier; `None` where the role may not ask for it.
    pub system_identifier: Option<String>,
    /// The timeline; grows with each fail-over.
    pub timeline: Option<String>,
}

/// Which database answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Never goes back.
    pub counter: i64,
    /// How often an administrator has accepted a change.
    pub accepted: i64,
    /// The last of these that took effect.
    pub accepted_done: i64,
    /// The server.
    pub server: ServerIdentity,
}

/// Reads it.
///
/// # Errors
/// The database's.
pub async fn read_identity(db: &Database) -> Result<Identity, ModelError> {
    let row = db.one(&statement::READ_IDENTITY, &[]).await?;
    Ok(Identity {
        counter: row.try_get(0)?,
        accepted: row.try_get(1)?,
        accepted_done: row.try_get(2)?,
        server: ServerIdentity {
            system_identifier: row.try_get(3)?,
            timeline: row.try_get(4)?,
        },
    })
}

/// Raises the counter above itself and `other`; answers it.
///
/// # Errors
/// The database's.
pub async fn raise_counter(db: &Database, other: i64) -> Result<i64, ModelError> {
    Ok(db
        .one(&statement::RAISE_COUNTER, &[&other])
        .await?
        .try_get(0)?)
}

/// Records that an administrator accepts this database and its clock; running nodes see it with
/// their next heartbeat, others at their start.
///
/// # Errors
/// The database's.
pub async fn accept(db: &Database) -> Result<(), ModelError> {
    db.rows(&statement::ACCEPT, &[]).await.map(drop)
}

/// Notes that acceptance number `accepted` took effect.
///
/// # Errors
/// The database's.
pub async fn accept_done(db: &Database, accepted: i64) -> Result<(), ModelError> {
    db.rows(&statement::ACCEPT_DONE, &[&accepted])
        .await
        .map(drop)
}
