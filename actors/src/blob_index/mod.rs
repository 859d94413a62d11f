//! The blob index: commits finished uploads in groups.
//!
//! Owns the uploads that wait for their commit. A commit never waits when it is alone; while groups
//! are being written, those that arrive form the next one, so the database syncs once for many.
//! At most two groups are written at a time, each of at most 64 blobs or 4 MiB inline. A lost
//! answer is resolved by committing again, which the statement allows (see
//! `slipway_model::blob::commit_blobs`).
//!
//! Mailbox: `limits.blob_index_mailbox`. Nothing here is exclusive.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use slipway_model::blob::{self, Committed, Content, NewBlob};
use slipway_model::{Database, ModelError};
use slipway_oci::Digest;
use tokio::sync::oneshot;

use crate::deps::Deps;
use crate::upload::UploadError;

const GROUP_BLOBS: usize = 64;
const GROUP_INLINE_BYTES: usize = 4 << 20;
const GROUPS_AT_ONCE: usize = 2;
const ATTEMPTS: u32 = 5;

type Answer = oneshot::Sender<Result<Committed, ModelError>>;

/// The actor; one a process.
pub struct BlobIndexActor {
    deps: Arc<Deps>,
    waiting: VecDeque<(NewBlob, Answer)>,
    running: usize,
    commits: u64,
    groups: u64,
}

impl BlobIndexActor {
    pub(crate) fn new(deps: Arc<Deps>) -> Self {
        Self {
            deps,
            waiting: VecDeque::new(),
            running: 0,
            commits: 0,
            groups: 0,
        }
    }

    fn write_groups(&mut self, ctx: &mut Context<Self>) {
        while self.running < GROUPS_AT_ONCE && !self.waiting.is_empty() {
            let (blobs, answers) = self.take_group();
            self.running = self.running.saturating_add(1);
            self.groups = self.groups.saturating_add(1);
            let deps = Arc::clone(&self.deps);
            let work = async move {
                let verdicts = commit(&deps.db, &blobs, deps.lease_s()).await;
                for (index, (slot, answer)) in answers.into_iter().enumerate() {
                    let verdict = match &verdicts {
                        Ok(verdicts) => share(verdicts.get(slot.blob).copied(), slot, index),
                        Err(error) => Err(error.clone()),
                    };
                    let _unheard = answer.send(verdict).is_err();
                }
            };
            ctx.spawn(fut::wrap_future(work).map(
                |(), actor: &mut Self, ctx: &mut Context<Self>| {
                    actor.running = actor.running.saturating_sub(1);
                    actor.write_groups(ctx);
                },
            ));
        }
    }

    /// Takes the next group; uploads of one digest become one item that the first of them stores.
    fn take_group(&mut self) -> (Vec<NewBlob>, Vec<(Slot, Answer)>) {
        let mut blobs: Vec<NewBlob> = Vec::new();
        let mut answers = Vec::new();
        let mut known: HashMap<Digest, usize> = HashMap::new();
        let mut inline_bytes = 0_usize;
        while let Some((blob, _)) = self.waiting.front() {
            let size = match &blob.content {
                Content::Inline(bytes) => bytes.len(),
                Content::Segments(_) => 0,
            };
            inline_bytes = inline_bytes.saturating_add(size);
            let is_full = blobs.len() >= GROUP_BLOBS || inline_bytes > GROUP_INLINE_BYTES;
            if is_full && !blobs.is_empty() {
                break;
            }
            let Some((blob, answer)) = self.waiting.pop_front() else {
                break;
            };
            self.commits = self.commits.saturating_add(1);
            match known
                .get(&blob.digest)
                .and_then(|index| Some((*index, blobs.get_mut(*index)?)))
            {
                Some((index, first)) => {
                    first.repositories.extend(blob.repositories);
                    answers.push((
                        Slot {
                            blob: index,
                            is_first: false,
                        },
                        answer,
                    ));
                }
                None => {
                    known.insert(blob.digest, blobs.len());
                    answers.push((
                        Slot {
                            blob: blobs.len(),
                            is_first: true,
                        },
                        answer,
                    ));
                    blobs.push(blob);
                }
            }
        }
        (blobs, answers)
    }
}

#[derive(Clone, Copy)]
struct Slot {
    blob: usize,
    is_first: bool,
}

/// Only the first upload of a digest in a group can be the one whose bytes were kept.
fn share(verdict: Option<Committed>, slot: Slot, index: usize) -> Result<Committed, ModelError> {
    let verdict = verdict
        .ok_or_else(|| ModelError::Internal(format!("commit {index} of a group got no verdict")))?;
    Ok(Committed {
        stored: verdict.stored && slot.is_first,
        ..verdict
    })
}

async fn commit(
    db: &Database,
    blobs: &[NewBlob],
    lease_s: f64,
) -> Result<Vec<Committed>, ModelError> {
    let mut attempt = 1;
    loop {
        match blob::commit_blobs(db, blobs, lease_s).await {
            Err(ModelError::Unavailable(text)) if attempt < ATTEMPTS => {
                tracing::warn!(attempt, error = text, "a group of commits is tried again");
                tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(attempt)).await;
                attempt = attempt.saturating_add(1);
            }
            outcome => return outcome,
        }
    }
}

impl Actor for BlobIndexActor {
    type Context = Context<Self>;
}

/// Commits one finished upload.
#[derive(Message)]
#[rtype(result = "Result<Committed, UploadError>")]
pub struct CommitBlob(pub NewBlob);

impl Handler<CommitBlob> for BlobIndexActor {
    type Result = ResponseFuture<Result<Committed, UploadError>>;

    fn handle(&mut self, msg: CommitBlob, ctx: &mut Context<Self>) -> Self::Result {
        let (sender, answer) = oneshot::channel();
        self.waiting.push_back((msg.0, sender));
        self.write_groups(ctx);
        Box::pin(async move {
            let gone = || ModelError::Unavailable("the commit was dropped".to_owned());
            Ok(answer.await.unwrap_or_else(|_| Err(gone()))?)
        })
    }
}

/// What the blob index is doing.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BlobIndexState {
    /// Uploads that wait for their commit.
    pub waiting: usize,
    /// Groups being written.
    pub running: usize,
    /// Commits so far.
    pub commits: u64,
    /// Groups so far.
    pub groups: u64,
}

/// Asks for [`BlobIndexState`].
#[derive(Message)]
#[rtype(result = "Result<BlobIndexState, UploadError>")]
pub struct ObserveBlobIndex;

impl Handler<ObserveBlobIndex> for BlobIndexActor {
    type Result = Result<BlobIndexState, UploadError>;

    fn handle(&mut self, _: ObserveBlobIndex, _: &mut Context<Self>) -> Self::Result {
        Ok(BlobIndexState {
            waiting: self.waiting.len(),
            running: self.running,
            commits: self.commits,
            groups: self.groups,
        })
    }
}
