//! Ending an upload: committing its blob, or dropping it.
//!
//! A commit that is refused for its digest ends the upload, as clients start again with a new one.
//! Bytes are dropped only when nothing names them: after a lost answer the commit may have
//! happened.

use actix::prelude::*;
use slipway_model::blob::{self, Content, NewBlob, StoredBlob};
use slipway_model::{BatchId, ModelError, UploadId};
use slipway_oci::{ContentRange, Digest};
use slipway_storage::SegmentKey;

use super::append::{check_length, check_size, check_start};
use super::checkpoint::Place;
use super::session::{Body, Held, Session};
use super::{Phase, Ready, Taken, UploadActor, UploadError, UploadSeed};
use crate::blob_index::CommitBlob;

/// A blob that is committed.
#[derive(Debug, Clone)]
pub struct BlobStored {
    /// Its digest.
    pub digest: Digest,
    /// The row, with the bytes' place, when this upload's bytes were kept.
    pub blob: Option<StoredBlob>,
}

/// Appends a last body and commits the blob.
#[derive(Debug, Message)]
#[rtype(result = "Result<BlobStored, UploadError>")]
pub struct FinishUpload {
    /// What the client says the content hashes to.
    pub digest: Digest,
    /// Where the client says the body belongs.
    pub range: Option<ContentRange>,
    /// The last body; may be empty.
    pub body: Body,
}

enum Outcome {
    /// The upload is over.
    Ended(Result<BlobStored, UploadError>),
    /// The upload goes on.
    Kept(Box<Ready>, UploadError),
    /// It could not even be read.
    Unread(UploadError),
}

impl Handler<FinishUpload> for UploadActor {
    type Result = ResponseActFuture<Self, Result<BlobStored, UploadError>>;

    fn handle(&mut self, msg: FinishUpload, _: &mut Context<Self>) -> Self::Result {
        if let Some(saved) = self.wait_for_save() {
            return Box::pin(saved.then(|(), actor: &mut Self, ctx| actor.handle(msg, ctx)));
        }
        let taken = match self.take() {
            Ok(taken) => taken,
            Err(error) => return Box::pin(fut::ready(Err(error))),
        };
        let (seed, epoch) = (self.seed.clone(), self.epoch);
        let work = async move { finish(&seed, taken, epoch, msg).await };
        Box::pin(
            fut::wrap_future(work).map(|outcome, actor: &mut Self, _| match outcome {
                Outcome::Ended(answer) => {
                    actor.end();
                    answer
                }
                Outcome::Kept(ready, error) => {
                    actor.give_back(*ready);
                    Err(error)
                }
                Outcome::Unread(error) => {
                    actor.phase = Phase::Unread;
                    Err(error)
                }
            }),
        )
    }
}

async fn finish(seed: &UploadSeed, taken: Taken, epoch: i64, msg: FinishUpload) -> Outcome {
    let deps = &seed.deps;
    let ready = match taken.ready(seed, epoch).await {
        Ok(ready) => ready,
        Err(UploadError::Unknown) => return Outcome::Ended(Err(UploadError::Unknown)),
        Err(error) => return Outcome::Unread(error),
    };
    let Ready { session, epoch } = ready;
    let keep = |session: Session, error| Outcome::Kept(Box::new(Ready { session, epoch }), error);
    if let Err(error) = check_start(msg.range, session.offset_bytes) {
        return keep(session, error);
    }
    let before = session.offset_bytes;
    let (mut session, outcome) = session.append(Place { seed, epoch }, msg.body).await;
    let received_bytes = session.offset_bytes.saturating_sub(before);
    let outcome = outcome.and_then(|()| check_length(msg.range, received_bytes));
    match outcome {
        Ok(()) => {}
        Err(UploadError::Unknown) => return Outcome::Ended(Err(UploadError::Unknown)),
        Err(error) => return keep(session, error),
    }
    if let Err(error) = check_size(&deps.settings, session.offset_bytes) {
        drop_session(seed, session).await;
        return Outcome::Ended(Err(error));
    }
    match session.digest(&deps.store, msg.digest.algorithm()).await {
        Ok(actual) if actual == msg.digest => {}
        Ok(actual) => {
            drop_session(seed, session).await;
            return Outcome::Ended(Err(UploadError::WrongDigest { actual }));
        }
        Err(error) => return keep(session, error),
    }
    match commit(seed, &mut session, msg.digest).await {
        Ok(blob) => {
            if blob.is_none() {
                drop_session(seed, session).await;
            } else if session.saved_bytes.is_some() {
                forget_row(seed).await;
            }
            Outcome::Ended(Ok(BlobStored {
                digest: msg.digest,
                blob,
            }))
        }
        Err(error) => keep(session, error),
    }
}

/// Commits the session's bytes; `None` when another copy of the digest was there.
async fn commit(
    seed: &UploadSeed,
    session: &mut Session,
    digest: Digest,
) -> Result<Option<StoredBlob>, UploadError> {
    let deps = &seed.deps;
    let content = session.content().await?;
    let new_blob = NewBlob {
        digest,
        size_bytes: session.offset_bytes,
        content: content.clone(),
        upload: seed.id,
        repositories: vec![seed.repository],
    };
    deps.crash_point("upload.commit.before");
    let committed = seed
        .blob_index
        .ask(CommitBlob(new_blob), deps.settings.ask_deadline)
        .await?;
    deps.crash_point("upload.commit.after");
    if committed.fenced {
        return Err(UploadError::Unavailable(
            "the upload's batch was closed".to_owned(),
        ));
    }
    let id = committed.id.ok_or_else(|| {
        UploadError::Unavailable("the blob went away while it was committed".to_owned())
    })?;
    let is_kept = committed.stored || is_named(seed, &content).await?;
    Ok(is_kept.then_some(StoredBlob {
        id,
        size_bytes: session.offset_bytes,
        content,
    }))
}

/// Says whether the objects are a blob's already: an earlier try of this commit stored them.
async fn is_named(seed: &UploadSeed, content: &Content) -> Result<bool, ModelError> {
    let Content::Segments(segments) = content else {
        return Ok(false);
    };
    let Some(first) = segments.first() else {
        return Ok(false);
    };
    let key: [(BatchId, u128); 1] = [(first.batch, first.name)];
    Ok(!blob::list_named_segments(&seed.deps.db, &key)
        .await?
        .is_empty())
}

async fn forget_row(seed: &UploadSeed) {
    let id: UploadId = seed.id;
    if let Err(error) = slipway_model::upload::delete_upload(&seed.deps.db, id).await {
        tracing::warn!(upload.uuid = %id, %error, "the row of a finished upload stays until it expires");
    }
}

/// Drops the bytes of an upload that is over.
async fn drop_session(seed: &UploadSeed, session: Session) {
    if session.saved_bytes.is_some() {
        forget_row(seed).await;
    }
    let Held::Stored(writer) = session.bytes else {
        return;
    };
    let keys: Vec<(BatchId, u128)> = writer
        .segments()
        .iter()
        .map(|segment| (BatchId(segment.key.batch().0), segment.key.name()))
        .collect();
    match blob::list_named_segments(&seed.deps.db, &keys).await {
        Ok(named) if named.is_empty() => writer.discard().await,
        Ok(named) => {
            let free: Vec<SegmentKey> = writer
                .segments()
                .iter()
                .map(|segment| segment.key)
                .filter(|key| !named.contains(&(BatchId(key.batch().0), key.name())))
                .collect();
            if let Err(error) = seed.deps.store.delete(&free).await {
                tracing::warn!(upload.uuid = %seed.id, %error, "segments stay until their batch is swept");
            }
        }
        Err(error) => {
            tracing::warn!(upload.uuid = %seed.id, %error, "segments stay until their batch is swept");
        }
    }
}

/// Drops the upload.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), UploadError>")]
pub struct CancelUpload;

impl Handler<CancelUpload> for UploadActor {
    type Result = ResponseActFuture<Self, Result<(), UploadError>>;

    fn handle(&mut self, _: CancelUpload, _: &mut Context<Self>) -> Self::Result {
        if let Some(saved) = self.wait_for_save() {
            return Box::pin(
                saved.then(|(), actor: &mut Self, ctx| actor.handle(CancelUpload, ctx)),
            );
        }
        let taken = match self.take() {
            Ok(taken) => taken,
            Err(error) => return Box::pin(fut::ready(Err(error))),
        };
        let (seed, epoch) = (self.seed.clone(), self.epoch);
        let work = async move {
            let ready = taken.ready(&seed, epoch).await?;
            drop_session(&seed, ready.session).await;
            Ok(())
        };
        Box::pin(fut::wrap_future(work).map(
            |outcome: Result<(), UploadError>, actor: &mut Self, _| {
                match &outcome {
                    Ok(()) | Err(UploadError::Unknown) => actor.end(),
                    Err(_) => actor.phase = Phase::Unread,
                }
                outcome
            },
        ))
    }
}
