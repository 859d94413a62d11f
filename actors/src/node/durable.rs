//! The durable mark: up to which generation this node's bytes are known to be on disk.
//!
//! With `storage.sync = "os"` a commit does not wait for the disk. Every few seconds the mark is
//! read from the database, then the whole file system is synced, then the mark is written: a
//! generation gets its id after its last byte was written, so whatever had an id when the sync began
//! is covered, also by a commit that runs meanwhile. After an end without a goodbye the next start
//! makes suspects of what lies beyond the mark, unless the kernel is still the same: then the page
//! cache has the bytes, and the first sync covers them too.

use std::time::Duration;

use slipway_model::node::{self, DurableMark};
use slipway_model::{Database, ModelError, NodeId};
use slipway_storage::StorageError;

use crate::deps::Deps;

/// How often the file system is synced.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);

/// What a node has to make durable by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Durability {
    /// Whether commits leave bytes with the operating system.
    leaves_bytes: bool,
    /// Whether dead nodes of this boot have left some, which the first sync covers.
    owes_others: bool,
    /// What the database says of this node.
    mark: DurableMark,
    /// Set by a failed sync: what the disk holds is unknown from then on.
    failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The database does not know yet.
    Untold,
    Told,
}

impl Durability {
    pub(crate) fn new(leaves_bytes: bool, owes_others: bool, mark: DurableMark) -> Self {
        Self {
            leaves_bytes,
            owes_others,
            mark,
            failure: None,
        }
    }

    /// Whether there may be something to sync or to tell.
    pub(super) fn has_work(&self) -> bool {
        match self.failure {
            Some(Failure::Told) => false,
            Some(Failure::Untold) => true,
            None => self.leaves_bytes || self.owes_others,
        }
    }

    /// Whether a sync now would prove more than is noted.
    fn is_behind(&self, newest: DurableMark) -> bool {
        self.failure.is_none() && (self.owes_others || (self.leaves_bytes && newest > self.mark))
    }

    fn advanced(self, mark: DurableMark) -> Self {
        Self {
            owes_others: false,
            mark: self.mark.max(mark),
            ..self
        }
    }

    fn failed(self, failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..self
        }
    }
}

/// One round: looks, syncs, notes. Answers what holds now.
pub(super) async fn advance(deps: &Deps, state: Durability) -> Durability {
    if state.failure.is_some() {
        return tell_failure(deps, state).await;
    }
    // The order is the point: what is committed after this look is not covered by the sync.
    let newest = match node::newest_generation(&deps.db).await {
        Ok(newest) => newest,
        Err(error) => return kept(state, &error),
    };
    if !state.is_behind(newest) {
        return state;
    }
    deps.crash_point("mark.sync.before");
    if let Err(error) = deps.store.sync_all().await {
        return sync_failed(deps, state, &error).await;
    }
    deps.crash_point("mark.sync.after");
    match node::advance_mark(&deps.db, deps.node, newest, state.owes_others).await {
        Ok(()) => state.advanced(newest),
        Err(error) => kept(state, &error),
    }
}

fn kept(state: Durability, error: &ModelError) -> Durability {
    tracing::warn!(%error, "the durable mark stays where it is");
    state
}

async fn sync_failed(deps: &Deps, state: Durability, error: &StorageError) -> Durability {
    tracing::error!(%error, "a sync failed; unsynced blobs are checked at the next start");
    tell_failure(deps, state.failed(Failure::Untold)).await
}

async fn tell_failure(deps: &Deps, state: Durability) -> Durability {
    match node::distrust_boot(&deps.db, deps.node).await {
        Ok(()) => state.failed(Failure::Told),
        Err(error) => kept(state, &error),
    }
}

/// Makes everything durable, because the node stops: its batches are closed, so no commit can come.
pub(super) async fn finish(deps: &Deps, state: Durability) -> Result<(), ModelError> {
    if !state.leaves_bytes || state.failure.is_some() {
        return Ok(());
    }
    if let Err(error) = deps.store.sync_all().await {
        sync_failed(deps, state, &error).await;
        return Ok(());
    }
    node::advance_mark(&deps.db, deps.node, DurableMark::EVERYTHING, true).await
}

/// Makes suspects of what a power cut may have taken from nodes that are dead; answers whether dead
/// nodes of this boot have left bytes in the page cache.
pub(crate) async fn look_back(
    db: &Database,
    own: NodeId,
    boot_id: Option<&str>,
) -> Result<bool, ModelError> {
    let found = node::suspect_undurable(db, own, boot_id).await?;
    if found.suspects > 0 {
        tracing::warn!(
            blobs = found.suspects,
            "the machine stopped without a goodbye: blobs that may not be on disk are checked before use"
        );
    }
    Ok(found.cached_nodes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_only_moves_forward_and_only_for_what_was_there_before_the_sync() {
        let state = Durability::new(true, false, DurableMark(3));
        assert!(state.has_work());
        assert!(!state.is_behind(DurableMark(3)), "nothing was committed");
        assert!(state.is_behind(DurableMark(7)));
        let state = state.advanced(DurableMark(7));
        assert!(!state.is_behind(DurableMark(7)), "it is noted already");
        assert!(state.is_behind(DurableMark(8)), "one came during the sync");
        let state = state.advanced(DurableMark(5));
        assert_eq!(state.mark, DurableMark(7));
    }

    #[test]
    fn the_first_sync_is_owed_to_dead_nodes_of_the_same_boot_whatever_the_mode() {
        let state = Durability::new(false, true, DurableMark::EVERYTHING);
        assert!(state.has_work() && state.is_behind(DurableMark(0)));
        let state = state.advanced(DurableMark(0));
        assert!(!state.has_work() && !state.is_behind(DurableMark(9)));
    }

    #[test]
    fn no_mark_moves_after_a_failed_sync() {
        let state = Durability::new(true, false, DurableMark(0)).failed(Failure::Untold);
        assert!(state.has_work(), "the database has to hear of it");
        assert!(!state.is_behind(DurableMark(9)));
        assert!(!state.failed(Failure::Told).has_work());
    }
}
