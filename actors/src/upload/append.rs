//! Appending to an upload, and asking how far it is.

use actix::prelude::*;
use slipway_oci::ContentRange;

use super::checkpoint::Place;
use super::session::Body;
use super::{Phase, Ready, UploadActor, UploadError};

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// Bytes so far.
    pub offset_bytes: u64,
}

/// Appends a request's body.
#[derive(Debug, Message)]
#[rtype(result = "Result<UploadProgress, UploadError>")]
pub struct AppendChunk {
    /// Where the client says the body belongs; `None` for a stream.
    pub range: Option<ContentRange>,
    /// The body.
    pub body: Body,
}

impl Handler<AppendChunk> for UploadActor {
    type Result = ResponseActFuture<Self, Result<UploadProgress, UploadError>>;

    fn handle(&mut self, msg: AppendChunk, _: &mut Context<Self>) -> Self::Result {
        if let Some(saved) = self.wait_for_save() {
            return Box::pin(saved.then(|(), actor: &mut Self, ctx| actor.handle(msg, ctx)));
        }
        let taken = match self.take() {
            Ok(taken) => taken,
            Err(error) => return Box::pin(fut::ready(Err(error))),
        };
        self.appends = self.appends.saturating_add(1);
        let (seed, epoch) = (self.seed.clone(), self.epoch);
        let work = async move {
            let ready = match taken.ready(&seed, epoch).await {
                Ok(ready) => ready,
                Err(error) => return (None, Err(error)),
            };
            let Ready { session, epoch } = ready;
            if let Err(error) = check_start(msg.range, session.offset_bytes) {
                return (Some(Ready { session, epoch }), Err(error));
            }
            let before = session.offset_bytes;
            let (session, outcome) = session.append(Place { seed: &seed, epoch }, msg.body).await;
            let received_bytes = session.offset_bytes.saturating_sub(before);
            let outcome = outcome
                .and_then(|()| check_length(msg.range, received_bytes))
                .and_then(|()| check_size(&seed.deps.settings, session.offset_bytes));
            if matches!(outcome, Err(UploadError::Unknown)) {
                return (None, outcome);
            }
            (Some(Ready { session, epoch }), outcome)
        };
        Box::pin(
            fut::wrap_future(work).map(|(ready, outcome), actor: &mut Self, _| {
                match ready {
                    Some(ready) => actor.give_back(ready),
                    None if matches!(outcome, Err(UploadError::Unknown)) => actor.end(),
                    None => actor.phase = Phase::Unread,
                }
                outcome.map(|()| UploadProgress {
                    offset_bytes: actor.offset_bytes,
                })
            }),
        )
    }
}

pub(super) fn check_start(
    range: Option<ContentRange>,
    offset_bytes: u64,
) -> Result<(), UploadError> {
    match range {
        Some(range) if range.start != offset_bytes => Err(UploadError::OutOfOrder { offset_bytes }),
        _ => Ok(()),
    }
}

pub(super) fn check_length(
    range: Option<ContentRange>,
    received_bytes: u64,
) -> Result<(), UploadError> {
    match range {
        Some(range) if range.len() != received_bytes => Err(UploadError::WrongLength {
            received_bytes,
            announced_bytes: range.len(),
        }),
        _ => Ok(()),
    }
}

pub(super) fn check_size(
    settings: &crate::deps::Settings,
    offset_bytes: u64,
) -> Result<(), UploadError> {
    let limit_bytes = settings.max_layer_bytes;
    if offset_bytes > limit_bytes {
        return Err(UploadError::TooLarge { limit_bytes });
    }
    Ok(())
}

/// Asks how far the upload is.
#[derive(Debug, Message)]
#[rtype(result = "Result<UploadProgress, UploadError>")]
pub struct GetProgress;

impl Handler<GetProgress> for UploadActor {
    type Result = ResponseActFuture<Self, Result<UploadProgress, UploadError>>;

    fn handle(&mut self, _: GetProgress, _: &mut Context<Self>) -> Self::Result {
        if !matches!(self.phase, Phase::Unread) {
            let answer = match self.phase {
                Phase::Gone => Err(UploadError::Unknown),
                _ => Ok(UploadProgress {
                    offset_bytes: self.offset_bytes,
                }),
            };
            return Box::pin(fut::ready(answer));
        }
        let taken = match self.take() {
            Ok(taken) => taken,
            Err(error) => return Box::pin(fut::ready(Err(error))),
        };
        let (seed, epoch) = (self.seed.clone(), self.epoch);
        let work = async move { taken.ready(&seed, epoch).await };
        Box::pin(
            fut::wrap_future(work).map(|outcome, actor: &mut Self, _| match outcome {
                Ok(ready) => {
                    actor.give_back(ready);
                    Ok(UploadProgress {
                        offset_bytes: actor.offset_bytes,
                    })
                }
                Err(UploadError::Unknown) => {
                    actor.end();
                    Err(UploadError::Unknown)
                }
                Err(error) => {
                    actor.phase = Phase::Unread;
                    Err(error)
                }
            }),
        )
    }
}
