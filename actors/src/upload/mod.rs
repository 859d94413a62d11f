//! One actor per upload: offset, hash, bytes, and their commit.
//!
//! Owns the session of one upload id. One append, save or finish has the session at a time;
//! a request that comes meanwhile is refused as busy, status questions are answered from the last
//! known offset. An upload that is only POST, PATCH, PUT never touches the database before its
//! commit; one that pauses or runs long is saved, with what is synced, so that a restart (or another node) can
//! go on. An idle actor saves and retires.
//!
//! Mailbox: `limits.upload_mailbox`. Saved rows carry an epoch; a take-over raises it, and a save
//! under an old one fails, after which this actor knows nothing any more.

mod append;
mod checkpoint;
mod error;
mod finish;
mod owner;
pub(crate) mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use slipway_model::{RepositoryId, UploadId};
use slipway_oci::Algorithm;
use tokio::sync::watch;

pub use self::append::{AppendChunk, GetProgress, UploadProgress};
pub use self::error::UploadError;
pub use self::finish::{BlobStored, CancelUpload, FinishUpload};
pub use self::owner::{OpenUploads, UploadOwner, UploadSlot};
pub use self::session::Body;
use self::session::Session;
use crate::blob_index::BlobIndexActor;
use crate::deps::Deps;
use crate::kernel::{Directory, Mailbox};

/// How often an upload looks whether it should be saved.
const TICK: Duration = Duration::from_secs(1);
/// After this long without a request the actor retires.
const IDLE: Duration = Duration::from_secs(60);

/// The uploads of this node; with the repository in the key, an upload is unknown in any other.
pub type Uploads = Directory<(RepositoryId, UploadId), UploadActor>;

/// What an upload actor is started with.
#[derive(Clone)]
pub struct UploadSeed {
    pub(crate) deps: Arc<Deps>,
    pub(crate) blob_index: Mailbox<BlobIndexActor>,
    pub(crate) uploads: Arc<Uploads>,
    /// The upload.
    pub id: UploadId,
    /// Its repository.
    pub repository: RepositoryId,
    /// The digest algorithm of a new upload; `None` looks for a saved one.
    pub algorithm: Option<Algorithm>,
}

enum Phase {
    /// Nobody has looked yet whether it is saved.
    Unread,
    Idle(Box<Session>),
    Busy,
    Gone,
}

/// The actor; one an upload.
pub struct UploadActor {
    seed: UploadSeed,
    /// The place of its owner; given back at the end.
    slot: Option<UploadSlot>,
    phase: Phase,
    epoch: i64,
    offset_bytes: u64,
    saved_bytes: Option<u64>,
    used_at: Instant,
    appends: u64,
    /// Closes when the save that is at work is done.
    saving: Option<watch::Receiver<()>>,
}

impl UploadActor {
    pub(crate) fn new(seed: UploadSeed, slot: Option<UploadSlot>) -> Self {
        let phase = match seed.algorithm {
            Some(algorithm) => Phase::Idle(Box::new(Session::new(algorithm))),
            None => Phase::Unread,
        };
        Self {
            seed,
            slot,
            phase,
            epoch: 1,
            offset_bytes: 0,
            saved_bytes: None,
            used_at: Instant::now(),
            appends: 0,
            saving: None,
        }
    }

    /// Takes the session for one piece of work; it must come back by [`Self::give_back`].
    fn take(&mut self) -> Result<Taken, UploadError> {
        self.used_at = Instant::now();
        match std::mem::replace(&mut self.phase, Phase::Busy) {
            Phase::Idle(session) => Ok(Taken::Session(session)),
            Phase::Unread => Ok(Taken::Unread),
            Phase::Busy => Err(UploadError::Busy),
            Phase::Gone => {
                self.phase = Phase::Gone;
                Err(UploadError::Unknown)
            }
        }
    }

    /// A save of our own is no reason to refuse a client: its request waits for it.
    fn wait_for_save(&self) -> Option<impl ActorFuture<Self, Output = ()> + use<>> {
        let mut saving = self.saving.clone()?;
        Some(fut::wrap_future(async move {
            while saving.changed().await.is_ok() {}
        }))
    }

    fn give_back(&mut self, ready: Ready) {
        self.used_at = Instant::now();
        self.epoch = ready.epoch;
        self.saved_bytes = ready.session.saved_bytes;
        self.offset_bytes = ready.session.offset_bytes;
        self.phase = Phase::Idle(Box::new(ready.session));
    }

    fn end(&mut self) {
        self.phase = Phase::Gone;
        self.slot = None;
        self.seed
            .uploads
            .retire(&(self.seed.repository, self.seed.id));
    }

    /// Saves what is synced once the upload pauses, and retires when it stays idle.
    fn tick(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Gone) {
            // The interval itself would keep the actor alive for ever.
            ctx.stop();
            return;
        }
        let idle = self.used_at.elapsed();
        let is_saved = self.saved_bytes == Some(self.offset_bytes);
        let is_idle = matches!(self.phase, Phase::Idle(_));
        if is_idle && is_saved && idle >= IDLE {
            self.end();
        } else if is_idle && !is_saved && (idle >= TICK || self.appends > 1) {
            self.save(ctx);
        } else if matches!(self.phase, Phase::Unread) && idle >= IDLE {
            self.end();
        }
    }

    fn save(&mut self, ctx: &mut Context<Self>) {
        let Ok(Taken::Session(mut session)) = self.take() else {
            return;
        };
        let (seed, epoch) = (self.seed.clone(), self.epoch);
        let (done, saving) = watch::channel(());
        self.saving = Some(saving);
        let work = async move {
            let outcome = save_session(&seed, &mut session, epoch).await;
            (session, outcome)
        };
        ctx.spawn(
            fut::wrap_future(work).map(move |(session, outcome), actor: &mut Self, _| {
                // Those who wait go on when this closure has ended.
                let _done = done;
                actor.saving = None;
                let used_at = actor.used_at;
                match outcome {
                    Ok(true) => {}
                    Ok(false) => {
                        actor.end();
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(upload.uuid = %actor.seed.id, %error, "upload is not saved");
                    }
                }
                actor.give_back(Ready {
                    session: *session,
                    epoch,
                });
                actor.used_at = used_at;
            }),
        );
    }
}

async fn save_session(
    seed: &UploadSeed,
    session: &mut Session,
    epoch: i64,
) -> Result<bool, UploadError> {
    let state = session.persist(epoch).await?;
    let saved = checkpoint::save(seed, &state).await?;
    if saved {
        session.saved_bytes = Some(state.offset_bytes);
    }
    Ok(saved)
}

enum Taken {
    Session(Box<Session>),
    Unread,
}

/// A session that can take the next request.
struct Ready {
    session: Session,
    epoch: i64,
}

impl Taken {
    /// The session, read back from the database if need be.
    async fn ready(self, seed: &UploadSeed, epoch: i64) -> Result<Ready, UploadError> {
        match self {
            Self::Session(session) => Ok(Ready {
                session: *session,
                epoch,
            }),
            Self::Unread => {
                let deps = &seed.deps;
                let saved =
                    slipway_model::upload::take_upload(&deps.db, seed.id, seed.repository).await?;
                let saved = saved.ok_or(UploadError::Unknown)?;
                let epoch = saved.epoch;
                let session = Session::restore(deps, saved).await?;
                Ok(Ready { session, epoch })
            }
        }
    }
}

impl Actor for UploadActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(TICK, Self::tick);
    }
}

/// Saves the upload now, because the process is about to end.
#[derive(Message)]
#[rtype(result = "Result<(), UploadError>")]
pub struct SaveUpload;

impl Handler<SaveUpload> for UploadActor {
    type Result = Result<(), UploadError>;

    fn handle(&mut self, _: SaveUpload, ctx: &mut Context<Self>) -> Self::Result {
        if self.saved_bytes != Some(self.offset_bytes) {
            self.save(ctx);
        }
        Ok(())
    }
}

/// What an upload is doing.
#[derive(Debug, Clone, serde::Serialize)]
pub struct UploadState {
    /// Bytes so far.
    pub offset_bytes: u64,
    /// Bytes in the saved row.
    pub saved_bytes: Option<u64>,
    /// Whether a request or a save is at work.
    pub is_busy: bool,
    /// Requests that appended.
    pub appends: u64,
}

/// Asks for [`UploadState`].
#[derive(Message)]
#[rtype(result = "Result<UploadState, UploadError>")]
pub struct ObserveUpload;

impl Handler<ObserveUpload> for UploadActor {
    type Result = Result<UploadState, UploadError>;

    fn handle(&mut self, _: ObserveUpload, _: &mut Context<Self>) -> Self::Result {
        Ok(UploadState {
            offset_bytes: self.offset_bytes,
            saved_bytes: self.saved_bytes,
            is_busy: matches!(self.phase, Phase::Busy),
            appends: self.appends,
        })
    }
}
