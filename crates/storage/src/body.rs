//! What flows into an append: chunks of a request body, and the sink that sees every stored byte.
//!
//! The edge gathers the network's small buffers into chunks of about 256 KiB without copying
//! them. Larger chunks cost memory and are not faster; much smaller ones cost system calls.

use bytes::Bytes;

/// Some consecutive bytes of a body, in the buffers they arrived in.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The buffers, in order; empty ones are allowed.
    pub parts: Vec<Bytes>,
}

impl Chunk {
    /// Total bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether there is no byte in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }

    /// Takes the first `at` bytes off (all of them when there are fewer); shares the buffers.
    #[must_use]
    pub(crate) fn split_front(&mut self, at: usize) -> Chunk {
        let mut missing = at;
        let mut front = Vec::new();
        let mut back = Vec::new();
        for mut part in std::mem::take(&mut self.parts) {
            if part.len() <= missing {
                missing -= part.len();
                front.push(part);
            } else if missing == 0 {
                back.push(part);
            } else {
                front.push(part.split_to(missing));
                missing = 0;
                back.push(part);
            }
        }
        self.parts = back;
        Chunk { parts: front }
    }
}

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Self {
        Self { parts: vec![bytes] }
    }
}

/// Why a body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyBroken {
    /// The client closed the connection.
    #[error("the client went away")]
    Disconnected,
    /// The client sent nothing for longer than allowed.
    #[error("the client stalled")]
    Stalled,
    /// The bytes on the wire break the protocol's framing.
    #[error("the body is malformed")]
    Malformed,
    /// Our own side ended it: shutdown, cancelled upload, a limit.
    #[error("the body was refused half way")]
    Refused,
}

/// The receiving end of a body. The sender being dropped is the body's good end.
///
/// A capacity of one or two chunks is right: it is the transfer's share of memory.
pub type ChunkReceiver = tokio::sync::mpsc::Receiver<Result<Chunk, BodyBroken>>;

/// Where an append stops although its body goes on.
#[derive(Debug, Clone, Copy)]
pub struct PartEnd {
    /// After so many bytes; a chunk is not taken apart for it.
    pub after_bytes: u64,
    /// At this moment, also when no byte comes.
    pub at: tokio::time::Instant,
}

impl PartEnd {
    /// Whether `received_bytes` are a part.
    pub(crate) fn is_reached(&self, received_bytes: u64) -> bool {
        received_bytes >= self.after_bytes || tokio::time::Instant::now() >= self.at
    }
}

/// Waits for the next chunk, or for the moment at which the part ends.
pub(crate) async fn receive(body: &mut ChunkReceiver, end: Option<PartEnd>) -> Received {
    let received = match end {
        None => body.recv().await,
        Some(end) => match tokio::time::timeout_at(end.at, body.recv()).await {
            Ok(received) => received,
            Err(_) => return Received::PartEnd,
        },
    };
    received.map_or(Received::BodyEnd, Received::Chunk)
}

/// What came of a body.
pub(crate) enum Received {
    Chunk(Result<Chunk, BodyBroken>),
    BodyEnd,
    PartEnd,
}

/// Sees every byte that was stored, once and in order: a digest, usually.
///
/// It must be cheap to clone: engines that write whole objects keep a clone from the start of
/// each, and go back to it when the object could not be finished.
pub trait ByteSink: Clone + Send + 'static {
    /// Takes the next bytes.
    fn update(&mut self, bytes: &[u8]);
}

/// The sink of a caller that wants no digest.
impl ByteSink for () {
    fn update(&mut self, _bytes: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_split_loses_and_reorders_nothing(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5), 0..6),
            at in 0_usize..30,
        ) {
            let whole: Vec<u8> = parts.concat();
            let mut back = Chunk { parts: parts.into_iter().map(Bytes::from).collect() };
            let front = back.split_front(at);
            prop_assert_eq!(front.len(), at.min(whole.len()));
            let joined: Vec<u8> =
                front.parts.iter().chain(&back.parts).flat_map(|part| part.to_vec()).collect();
            prop_assert_eq!(joined, whole);
        }
    }
}
