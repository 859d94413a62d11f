//! The running processes of this registry, known to each other by heartbeat.

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::NodeId;
use crate::statement;

/// What a node says of itself at its start.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// Its id.
    pub id: NodeId,
    /// The kernel's boot it runs in; `None` when that cannot be told.
    pub boot_id: Option<String>,
    /// Whether it leaves written bytes with the operating system.
    pub leaves_bytes: bool,
}

impl NewNode {
    /// A node whose commits wait for the disk.
    #[must_use]
    pub fn durable(id: NodeId) -> Self {
        Self {
            id,
            boot_id: None,
            leaves_bytes: false,
        }
    }
}

/// Announces `node`; answers its durable mark.
///
/// # Errors
/// The database's.
pub async fn start_node(db: &Database, node: &NewNode) -> Result<DurableMark, ModelError> {
    let (id, boot, leaves_bytes) = (&node.id, &node.boot_id, &node.leaves_bytes);
    let row = db
        .one(&statement::START_NODE, &[id, boot, leaves_bytes])
        .await?;
    Ok(DurableMark(row.try_get(0)?))
}

/// Counts live nodes that leave their bytes with the operating system.
///
/// # Errors
/// The database's.
pub async fn count_undurable(db: &Database, dead_after_s: f64) -> Result<i64, ModelError> {
    let row = db
        .one(&statement::COUNT_UNDURABLE, &[&dead_after_s])
        .await?;
    Ok(row.try_get(0)?)
}

/// What was found of nodes that ended without a clean stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undurable {
    /// Generations that have become suspect.
    pub suspects: i64,
    /// Nodes of this boot whose bytes may still be in the page cache only.
    pub cached_nodes: i64,
}

/// Makes suspects of what nodes of another boot left with the operating system. Nobody but `own`
/// may be alive that leaves bytes there.
///
/// # Errors
/// The database's.
pub async fn suspect_undurable(
    db: &Database,
    own: NodeId,
    boot_id: Option<&str>,
) -> Result<Undurable, ModelError> {
    let row = db
        .one(&statement::SUSPECT_UNDURABLE, &[&own, &boot_id])
        .await?;
    Ok(Undurable {
        suspects: row.try_get(0)?,
        cached_nodes: row.try_get(1)?,
    })
}

/// Up to which generation a node's bytes are on disk.
///
/// A generation gets its id when all of its bytes were written, so a sync that begins after an id
/// was seen covers every generation up to it, committed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurableMark(pub i64);

impl DurableMark {
    /// All generations of the node, now and later.
    pub const EVERYTHING: Self = Self(i64::MAX);
}

/// Answers the mark that a sync which begins now will prove.
///
/// # Errors
/// The database's.
pub async fn newest_generation(db: &Database) -> Result<DurableMark, ModelError> {
    let row = db.one(&statement::NEWEST_GENERATION, &[]).await?;
    Ok(DurableMark(row.try_get(0)?))
}

/// Notes what a finished sync has proved; the first one of a process also covers what dead nodes
/// of the same boot had written.
///
/// # Errors
/// The database's.
pub async fn advance_mark(
    db: &Database,
    node: NodeId,
    mark: DurableMark,
    is_first: bool,
) -> Result<(), ModelError> {
    db.rows(&statement::ADVANCE_MARK, &[&node, &mark.0, &is_first])
        .await
        .map(drop)
}

/// Notes that a sync of `node` failed, so that its end will count as a power cut.
///
/// # Errors
/// The database's.
pub async fn distrust_boot(db: &Database, node: NodeId) -> Result<(), ModelError> {
    db.rows(&statement::DISTRUST_BOOT, &[&node]).await.map(drop)
}

/// What the database answers to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// Other nodes that live.
    pub others: i64,
    /// The database's clock, Unix milliseconds.
    pub now_ms: i64,
    /// Its counter; see [`crate::identity`].
    pub counter: i64,
    /// How often an administrator has accepted a change.
    pub accepted: i64,
}

/// Confirms that `node` lives.
///
/// # Errors
/// The database's.
pub async fn beat(db: &Database, node: NodeId, dead_after_s: f64) -> Result<Beat, ModelError> {
    let row = db.one(&statement::BEAT, &[&node, &dead_after_s]).await?;
    Ok(Beat {
        others: row.try_get(0)?,
        now_ms: row.try_get(1)?,
        counter: row.try_get(2)?,
        accepted: row.try_get(3)?,
    })
}

/// Answers the database's clock and when any node was last seen, both in Unix milliseconds.
///
/// # Errors
/// The database's.
pub async fn last_heartbeat(db: &Database) -> Result<(i64, Option<i64>), ModelError> {
    let row = db.one(&statement::LAST_HEARTBEAT, &[]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Says why `node` deletes nothing; `None` when nothing holds it.
///
/// # Errors
/// The database's.
pub async fn set_held(
    db: &Database,
    node: NodeId,
    reasons: Option<&str>,
) -> Result<(), ModelError> {
    db.rows(&statement::SET_HELD, &[&node, &reasons])
        .await
        .map(drop)
}

/// Lists why live nodes delete nothing.
///
/// # Errors
/// The database's.
pub async fn list_held(db: &Database, dead_after_s: f64) -> Result<Vec<String>, ModelError> {
    let rows = db.rows(&statement::LIST_HELD, &[&dead_after_s]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
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
