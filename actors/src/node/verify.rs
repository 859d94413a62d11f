//! Hashing what may not have survived a power cut, before anybody relies on it.
//!
//! Everyone who meets a suspect generation waits for one check of it, and looks again afterwards:
//! it is live, lost, or a push has taken its place. A check outlives whoever asked for it. Two run
//! at a time; the node actor's own pass goes through all suspects one by one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use slipway_model::suspect::{self, Suspect};
use slipway_model::{BlobId, ModelError, blob};
use slipway_oci::Hasher;
use slipway_storage::{BlobRead, Segment, StorageError, StorageErrorKind};
use tokio::sync::{Semaphore, watch};

use crate::deps::Deps;
use crate::repository::RepositoryError;
use crate::upload::session::to_segment;

const AT_ONCE: usize = 2;
const SUSPECTS_AT_ONCE: i64 = 64;
const READ_BYTES: usize = 256 << 10;
/// Between two steps of the pass, so that it never takes a disk for itself.
const PAUSE: Duration = Duration::from_millis(20);

type Verdict = Option<Result<(), RepositoryError>>;

/// The checks that run.
#[derive(Debug)]
pub struct Verifications {
    running: Mutex<HashMap<BlobId, watch::Receiver<Verdict>>>,
    turns: Semaphore,
}

impl Default for Verifications {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

impl Verifications {
    /// How many generations are hashed or wait for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobId, watch::Receiver<Verdict>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the generation is not suspect any more.
///
/// # Errors
/// When its bytes cannot be read for another reason than being damaged; it stays suspect then.
pub(crate) async fn settle(deps: &Arc<Deps>, id: BlobId) -> Result<(), RepositoryError> {
    let mut verdict = join(deps, id);
    let seen = verdict.wait_for(Option::is_some).await;
    let seen = seen.ok().and_then(|verdict| verdict.clone());
    let abandoned =
        || RepositoryError::Unavailable(format!("the check of blob {id} was abandoned"));
    seen.unwrap_or_else(|| Err(abandoned()))
}

fn join(deps: &Arc<Deps>, id: BlobId) -> watch::Receiver<Verdict> {
    let mut running = deps.verifications.lock();
    // One whose sender is gone was abandoned with its thread.
    if let Some(verdict) = running.get(&id).filter(|one| one.has_changed().is_ok()) {
        return verdict.clone();
    }
    let (sender, verdict) = watch::channel(None);
    running.insert(id, verdict.clone());
    let deps = Arc::clone(deps);
    // The verdict travels by the channel.
    drop(tokio::spawn(async move {
        let outcome = verify(&deps, id).await;
        deps.verifications.lock().remove(&id);
        sender.send_replace(Some(outcome));
    }));
    verdict
}

async fn verify(deps: &Deps, id: BlobId) -> Result<(), RepositoryError> {
    let _turn = deps.verifications.turns.acquire().await;
    let Some(suspect) = suspect::find_suspect(&deps.db, id).await? else {
        return Ok(());
    };
    let segments = blob::list_segments(&deps.db, id).await?;
    let segments: Vec<Segment> = segments.iter().map(to_segment).collect();
    if is_whole(deps, suspect, &segments).await? {
        return match suspect::clear_suspect(&deps.db, id).await {
            // A push of the same bytes is taking its place.
            Ok(_) | Err(ModelError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        };
    }
    if suspect::mark_lost(&deps.db, id).await? {
        tracing::error!(
            blob.digest = %suspect.digest,
            "a blob was damaged by a power cut and is missing until it is pushed again"
        );
    }
    Ok(())
}

/// Says whether the stored bytes are what was committed.
async fn is_whole(
    deps: &Deps,
    suspect: Suspect,
    segments: &[Segment],
) -> Result<bool, StorageError> {
    let size_bytes: u64 = segments.iter().map(|segment| segment.size_bytes).sum();
    if size_bytes != suspect.size_bytes {
        return Ok(false);
    }
    match hash(deps, suspect, segments).await {
        Ok(digest) => Ok(digest == suspect.digest),
        Err(error) if is_damage(error.kind) => {
            tracing::debug!(%error, "a suspect blob cannot be read");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn is_damage(kind: StorageErrorKind) -> bool {
    matches!(kind, StorageErrorKind::NotFound | StorageErrorKind::Damaged)
}

async fn hash(
    deps: &Deps,
    suspect: Suspect,
    segments: &[Segment],
) -> Result<slipway_oci::Digest, StorageError> {
    let mut hasher = Hasher::new(suspect.digest.algorithm());
    let read: BlobRead = deps.store.read(segments, 0..suspect.size_bytes).await?;
    let mut stream = read.into_stream(READ_BYTES);
    while let Some(piece) = stream.next().await {
        hasher.update(&piece?);
        tokio::task::yield_now().await;
    }
    Ok(hasher.finish())
}

/// Checks all suspects there are, one after the other.
pub(super) async fn pass(deps: &Arc<Deps>) -> Result<(), RepositoryError> {
    let mut after = BlobId(0);
    loop {
        let suspects = suspect::list_suspects(&deps.db, after, SUSPECTS_AT_ONCE).await?;
        let Some(last) = suspects.last() else {
            return Ok(());
        };
        after = last.id;
        for one in &suspects {
            if let Err(error) = settle(deps, one.id).await {
                tracing::warn!(blob.digest = %one.digest, %error, "a suspect blob waits");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
