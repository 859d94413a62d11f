//! Finding and deleting segments that nothing names, and uploads that nobody goes on with.

use std::sync::Arc;

use slipway_model::{BatchId, batch, blob, upload};
use slipway_storage::SegmentKey;

use super::DEAD_AFTER_S;
use crate::deps::{Deps, OpenBatch};
use crate::repository::RepositoryError;

const UPLOADS_AT_ONCE: i64 = 100;
const NAMES_AT_ONCE: usize = 1000;

/// Closes our batches that are done with and those of dead nodes, then sweeps what is closed.
pub(super) async fn run(deps: &Deps, done: Vec<Arc<OpenBatch>>) -> Result<(), RepositoryError> {
    expire_uploads(deps).await?;
    deps.crash_point("batch.close.before");
    for batch in done {
        batch::close_batch(&deps.db, batch.id).await?;
    }
    let closed = batch::close_dead_batches(&deps.db, deps.node, false, DEAD_AFTER_S).await?;
    deps.crash_point("batch.close.after");
    for id in closed {
        deps.crash_point("batch.sweep.before");
        sweep_batch(deps, id).await?;
    }
    Ok(())
}

/// Deletes the objects of a closed batch that neither a blob nor a saved upload names.
async fn sweep_batch(deps: &Deps, id: BatchId) -> Result<(), RepositoryError> {
    let stored = deps
        .store
        .list_batch(slipway_storage::BatchId(id.0))
        .await?;
    let mut is_empty = true;
    for part in stored.chunks(NAMES_AT_ONCE) {
        let keys: Vec<(BatchId, u128)> = part
            .iter()
            .map(|segment| (id, segment.key.name()))
            .collect();
        let named = blob::list_named_segments(&deps.db, &keys).await?;
        is_empty &= named.is_empty();
        let orphans: Vec<SegmentKey> = part
            .iter()
            .map(|segment| segment.key)
            .filter(|key| !named.contains(&(id, key.name())))
            .collect();
        if !orphans.is_empty() {
            deps.holds.check(&deps.db).await?;
            tracing::info!(
                batch.id = id.0,
                segments = orphans.len(),
                "left-over segments go"
            );
            deps.store.delete(&orphans).await?;
        }
    }
    if is_empty {
        deps.store
            .forget_batch(slipway_storage::BatchId(id.0))
            .await?;
    }
    deps.crash_point("batch.sweep.after");
    Ok(batch::mark_swept(&deps.db, id).await?)
}

/// Forgets uploads without progress. Their objects become unnamed; the sweep of their batch takes
/// those, which for a batch that was swept before means deleting them here.
async fn expire_uploads(deps: &Deps) -> Result<(), RepositoryError> {
    let idle_s = deps.settings.upload_expiry.as_secs_f64();
    for (id, repository) in upload::list_expired(&deps.db, idle_s, UPLOADS_AT_ONCE).await? {
        // Taking it over fences whoever still works on it.
        let Some(saved) = upload::take_upload(&deps.db, id, repository).await? else {
            continue;
        };
        upload::delete_upload(&deps.db, id).await?;
        let keys: Vec<(BatchId, u128)> = saved
            .segments
            .iter()
            .map(|segment| (segment.batch, segment.name))
            .collect();
        let named = blob::list_named_segments(&deps.db, &keys).await?;
        let orphans: Vec<SegmentKey> = keys
            .iter()
            .filter(|key| !named.contains(key))
            .map(|(batch, name)| SegmentKey::from_parts(slipway_storage::BatchId(batch.0), *name))
            .collect();
        deps.holds.check(&deps.db).await?;
        deps.store.delete(&orphans).await?;
        tracing::info!(upload.uuid = %id, "an abandoned upload goes");
    }
    Ok(())
}
