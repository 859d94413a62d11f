//! Request bodies: small ones whole, large ones as a bounded stream of chunks.
//!
//! A chunk gathers what the connection brought, up to 128 KiB, so that storage is called seldom; at
//! most one chunk waits while one is written and one is gathered. There is no limit on how long a
//! body takes, only on how long it may make no progress.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt as _;
use slipway_actors::storage::{BodyBroken, Chunk};
use slipway_actors::upload::Body;
use tokio::sync::mpsc;

const CHUNK_BYTES: usize = 128 << 10;
const CHUNKS_WAITING: usize = 1;

/// Why a body could not be read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than allowed.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// It broke off.
    #[error("the body broke off: {0}")]
    Broken(#[from] BodyBroken),
}

/// Reads a body of at most `limit_bytes` whole.
///
/// # Errors
/// [`BodyError`].
pub async fn read_whole(
    mut payload: Payload,
    announced_bytes: Option<u64>,
    limit_bytes: usize,
    stall: Duration,
) -> Result<Bytes, BodyError> {
    let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
    if announced_bytes.is_some_and(|announced| announced > limit) {
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let mut parts: Vec<Bytes> = Vec::new();
    let mut size = 0_usize;
    loop {
        let next = tokio::time::timeout(stall, payload.next()).await;
        match next {
            Err(_) => return Err(BodyBroken::Stalled.into()),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(broken(&error).into()),
            Ok(Some(Ok(part))) => {
                size = size.saturating_add(part.len());
                if size > limit_bytes {
                    return Err(BodyError::TooLarge { limit_bytes });
                }
                parts.push(part);
            }
        }
    }
    Ok(match parts.as_slice() {
        [only] => only.clone(),
        several => Bytes::from(several.concat()),
    })
}

/// What an upload takes in: the whole body when it is announced as small, a stream otherwise.
///
/// # Errors
/// [`BodyBroken`] when a small body broke off.
pub async fn take_upload_body(
    payload: Payload,
    announced_bytes: Option<u64>,
    whole_bytes: u64,
    limit_bytes: u64,
    stall: Duration,
) -> Result<Body, BodyBroken> {
    match announced_bytes {
        Some(0) => Ok(Body::Whole(Vec::new())),
        Some(announced) if announced <= whole_bytes => {
            let limit = usize::try_from(announced).unwrap_or(usize::MAX);
            match read_whole(payload, announced_bytes, limit, stall).await {
                Ok(bytes) => Ok(Body::Whole(vec![bytes])),
                Err(BodyError::Broken(broken)) => Err(broken),
                Err(BodyError::TooLarge { .. }) => Err(BodyBroken::Malformed),
            }
        }
        _ => {
            let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
            // On its own task: when the client goes away the handler's future is dropped, and a
            // body that merely ended would look complete.
            actix_web::rt::spawn(pump(payload, sender, limit_bytes, stall));
            Ok(Body::Stream(receiver))
        }
    }
}

type Sender = mpsc::Sender<Result<Chunk, BodyBroken>>;

async fn pump(mut payload: Payload, sender: Sender, limit_bytes: u64, stall: Duration) {
    let mut parts: Vec<Bytes> = Vec::new();
    let mut gathered = 0_usize;
    let mut total = 0_u64;
    let outcome = loop {
        let part = match tokio::time::timeout(stall, payload.next()).await {
            Err(_) => break Err(BodyBroken::Stalled),
            Ok(None) => break Ok(()),
            Ok(Some(Err(error))) => break Err(broken(&error)),
            Ok(Some(Ok(part))) => part,
        };
        total = total.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if total > limit_bytes {
            break Err(BodyBroken::Refused);
        }
        gathered = gathered.saturating_add(part.len());
        parts.push(part);
        if gathered >= CHUNK_BYTES {
            gathered = 0;
            let chunk = Chunk {
                parts: std::mem::take(&mut parts),
            };
            if sender.send(Ok(chunk)).await.is_err() {
                return;
            }
        }
    };
    if !parts.is_empty() && sender.send(Ok(Chunk { parts })).await.is_err() {
        return;
    }
    if let Err(broken) = outcome {
        // A receiver that is gone has given up on this body already.
        drop(sender.send(Err(broken)).await);
    }
}

fn broken(error: &PayloadError) -> BodyBroken {
    match error {
        PayloadError::Incomplete(_) | PayloadError::Io(_) => BodyBroken::Disconnected,
        _ => BodyBroken::Malformed,
    }
}
