//! Joining the other nodes of this database, dead or alive.
//!
//! Order: whoever must not be beside this node is a reason not to start; then the node is announced,
//! nodes that are known to be dead are fenced, what they may have lost is found, and the first batch
//! opens. Nothing is served before.

use slipway_model::node::{self, NewNode};
use slipway_model::{Database, NodeId, batch};

use super::{DEAD_AFTER_S, Durability, durable};
use crate::account::AccountError;
use crate::deps::OpenBatch;

/// How this node and others get along.
#[derive(Debug, Clone)]
pub struct Company {
    /// Whether no other node can be alive, because this one holds the data folder's lock.
    pub others_are_dead: bool,
    /// Whether another live node is a reason not to start: they would not share the bytes.
    pub must_be_alone: bool,
    /// The kernel's boot, by which a power cut is told from another end; `None` counts as one.
    pub boot_id: Option<String>,
    /// Whether the store leaves bytes with the operating system.
    pub leaves_bytes: bool,
}

impl Company {
    /// Announces `id` and opens its first batch.
    pub(crate) async fn join(
        self,
        db: &Database,
        id: NodeId,
    ) -> Result<(OpenBatch, Durability), AccountError> {
        if !self.others_are_dead {
            self.check(db).await?;
        }
        let new = NewNode {
            id,
            boot_id: self.boot_id.clone(),
            leaves_bytes: self.leaves_bytes,
        };
        let mark = node::start_node(db, &new).await?;
        if self.others_are_dead {
            node::fence_others(db, id).await?;
        }
        let owes_others = durable::look_back(db, id, self.boot_id.as_deref()).await?;
        let first = OpenBatch {
            id: batch::open_batch(db, id).await?,
        };
        Ok((first, Durability::new(self.leaves_bytes, owes_others, mark)))
    }

    /// Refuses to start beside another live node whose bytes this one could not reach, or whose
    /// bytes may be in that node's memory only.
    async fn check(&self, db: &Database) -> Result<(), AccountError> {
        let refuse = |text: &str| {
            let text = format!("{text} (a node that was killed counts for 30 seconds)");
            Err(AccountError::Unavailable(text))
        };
        if self.must_be_alone && node::beat(db, NodeId::nil(), DEAD_AFTER_S).await?.others > 0 {
            return refuse(
                "another node uses this database; several nodes need a shared folder, declared by \
                 storage.shared_mount",
            );
        }
        if node::count_undurable(db, DEAD_AFTER_S).await? > 0 {
            return refuse("another node of this database runs with storage.sync = \"os\"");
        }
        Ok(())
    }
}
