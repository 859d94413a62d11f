//! The bytes of one upload so far: in memory while small, in segments after.
//!
//! A [`Session`] is moved into the future of each append, save or finish and comes back with it,
//! so its offset, hash and bytes always agree.

use std::sync::Arc;

use bytes::Bytes;
use slipway_model::blob::{Content, SegmentRow};
use slipway_model::upload::SavedUpload;
use slipway_oci::{Algorithm, Digest, Hasher};
use slipway_storage::{
    BatchId, ByteSink, Chunk, ChunkReceiver, Segment, SegmentKey, SegmentWriter, Store,
};

use super::checkpoint::{Parts, Place};
use super::error::UploadError;
use crate::deps::{Deps, OpenBatch};

/// A request's body.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Vec<Bytes>),
    /// Chunks as they come.
    Stream(ChunkReceiver),
}

/// The hash while it grows.
#[derive(Debug, Clone)]
pub(super) struct Hash(pub(super) Hasher);

impl ByteSink for Hash {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[derive(Debug)]
pub(super) enum Held {
    Memory(Vec<Bytes>),
    Stored(Box<SegmentWriter>),
}

/// The state that travels.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) hash: Hash,
    pub(super) bytes: Held,
    pub(super) offset_bytes: u64,
    pub(super) batch: Option<Arc<OpenBatch>>,
    /// Bytes in the saved row; `None` when there is none.
    pub(super) saved_bytes: Option<u64>,
}

impl Session {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        Self {
            hash: Hash(Hasher::new(algorithm)),
            bytes: Held::Memory(Vec::new()),
            offset_bytes: 0,
            batch: None,
            saved_bytes: None,
        }
    }

    /// Brings a saved upload back.
    pub(super) async fn restore(deps: &Deps, saved: SavedUpload) -> Result<Self, UploadError> {
        let hasher = Hasher::restore(&saved.hash_state)
            .map_err(|error| UploadError::Internal(error.to_string()))?;
        let batch = Arc::clone(&deps.batches.borrow());
        let bytes = if saved.segments.is_empty() {
            Held::Memory(saved.inline.into_iter().collect())
        } else {
            let segments = saved.segments.iter().map(to_segment).collect();
            let writer = deps
                .store
                .reopen_writer(BatchId(batch.id.0), segments)
                .await?;
            Held::Stored(Box::new(writer))
        };
        Ok(Self {
            hash: Hash(hasher),
            bytes,
            offset_bytes: saved.offset_bytes,
            batch: Some(batch),
            saved_bytes: Some(saved.offset_bytes),
        })
    }

    /// Takes a body in; what came before a fault is kept.
    pub(super) async fn append(
        mut self,
        place: Place<'_>,
        body: Body,
    ) -> (Self, Result<(), UploadError>) {
        let deps: &Deps = &place.seed.deps;
        let outcome = match body {
            Body::Whole(parts) => {
                let size: usize = parts.iter().map(Bytes::len).sum();
                if self.fits(deps, size) {
                    self.keep(parts);
                    return (self, Ok(()));
                }
                let (sender, receiver) = tokio::sync::mpsc::channel(1);
                let _unsent = sender.try_send(Ok(Chunk { parts })).is_err();
                drop(sender);
                return self.append_stored(place, receiver).await;
            }
            Body::Stream(mut chunks) => loop {
                if matches!(self.bytes, Held::Stored(_)) {
                    return self.append_stored(place, chunks).await;
                }
                match chunks.recv().await {
                    None => break Ok(()),
                    Some(Err(broken)) => break Err(broken.into()),
                    Some(Ok(chunk)) if self.fits(deps, chunk.len()) => self.keep(chunk.parts),
                    Some(Ok(chunk)) => {
                        let (sender, receiver) = tokio::sync::mpsc::channel(1);
                        let _unsent = sender.try_send(Ok(chunk)).is_err();
                        drop(sender);
                        let (session, outcome) = self.append_stored(place, receiver).await;
                        self = session;
                        if outcome.is_err() {
                            break outcome;
                        }
                    }
                }
            },
        };
        (self, outcome)
    }

    fn fits(&self, deps: &Deps, more: usize) -> bool {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        matches!(self.bytes, Held::Memory(_))
            && self.offset_bytes.saturating_add(more) <= deps.settings.inline_bytes
    }

    fn keep(&mut self, parts: Vec<Bytes>) {
        if let Held::Memory(kept) = &mut self.bytes {
            for part in parts {
                self.hash.update(&part);
                self.offset_bytes = self
                    .offset_bytes
                    .saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
                // A copy, so that a small part does not hold the connection's whole read buffer.
                kept.push(Bytes::copy_from_slice(&part));
            }
        }
    }

    async fn append_stored(
        self,
        place: Place<'_>,
        chunks: ChunkReceiver,
    ) -> (Self, Result<(), UploadError>) {
        let (writer, mut session) = match self.into_writer(&place.seed.deps).await {
            Ok(opened) => opened,
            Err((session, error)) => return (*session, Err(error)),
        };
        let mut parts = Parts::new(place, session.saved_bytes);
        let stored = parts.store(writer, session.hash, chunks).await;
        session.saved_bytes = parts.saved_bytes;
        session.hash = stored.hash;
        session.offset_bytes = stored.writer.size_bytes();
        session.bytes = Held::Stored(Box::new(stored.writer));
        (session, stored.outcome)
    }

    /// Takes the writer out, with the bytes that were in memory in it.
    async fn into_writer(
        mut self,
        deps: &Deps,
    ) -> Result<(SegmentWriter, Self), (Box<Self>, UploadError)> {
        let batch = self
            .batch
            .get_or_insert_with(|| Arc::clone(&deps.batches.borrow()));
        let new_writer = deps.store.new_writer(BatchId(batch.id.0));
        let kept = match std::mem::replace(&mut self.bytes, Held::Memory(Vec::new())) {
            Held::Stored(writer) => return Ok((*writer, self)),
            Held::Memory(kept) if self.offset_bytes == 0 => {
                drop(kept);
                return Ok((new_writer, self));
            }
            Held::Memory(kept) => kept,
        };
        // These bytes are hashed already.
        let spilled = new_writer.append_bytes((), kept.clone()).await;
        if let Err(error) = spilled.outcome {
            spilled.writer.discard().await;
            self.bytes = Held::Memory(kept);
            return Err((Box::new(self), error.into()));
        }
        Ok((spilled.writer, self))
    }

    /// Makes everything durable, whatever the store's mode, and says what a saved row would hold.
    pub(super) async fn persist(&mut self, epoch: i64) -> Result<SavedUpload, UploadError> {
        let (inline, segments) = match &mut self.bytes {
            Held::Memory(parts) => (Some(Bytes::from(parts.concat())), Vec::new()),
            Held::Stored(writer) => {
                writer.persist().await?;
                (None, writer.segments().iter().map(to_row).collect())
            }
        };
        Ok(SavedUpload {
            epoch,
            offset_bytes: self.offset_bytes,
            hash_state: self.hash.0.save(),
            inline,
            segments,
        })
    }

    /// Answers the content as it is committed, as durable as the store's mode promises.
    pub(super) async fn content(&mut self) -> Result<Content, UploadError> {
        match &mut self.bytes {
            Held::Memory(parts) => Ok(Content::Inline(match parts.as_slice() {
                [only] => only.clone(),
                several => Bytes::from(several.concat()),
            })),
            Held::Stored(writer) => {
                writer.sync().await?;
                Ok(Content::Segments(
                    writer.segments().iter().map(to_row).collect(),
                ))
            }
        }
    }

    /// Answers the digest by `algorithm`; reads the bytes again only when another was announced.
    pub(super) async fn digest(
        &self,
        store: &Store,
        algorithm: Algorithm,
    ) -> Result<Digest, UploadError> {
        if self.hash.0.algorithm() == algorithm {
            return Ok(self.hash.0.clone().finish());
        }
        let mut hasher = Hasher::new(algorithm);
        match &self.bytes {
            Held::Memory(parts) => parts.iter().for_each(|part| hasher.update(part)),
            Held::Stored(writer) => {
                use futures_util::StreamExt as _;
                let read = store.read(writer.segments(), 0..self.offset_bytes).await?;
                let mut stream = read.into_stream(256 << 10);
                while let Some(piece) = stream.next().await {
                    hasher.update(&piece?);
                }
            }
        }
        Ok(hasher.finish())
    }
}

pub(crate) fn to_row(segment: &Segment) -> SegmentRow {
    SegmentRow {
        batch: slipway_model::BatchId(segment.key.batch().0),
        name: segment.key.name(),
        size_bytes: segment.size_bytes,
    }
}

pub(crate) fn to_segment(row: &SegmentRow) -> Segment {
    Segment {
        key: SegmentKey::from_parts(BatchId(row.batch.0), row.name),
        size_bytes: row.size_bytes,
    }
}
