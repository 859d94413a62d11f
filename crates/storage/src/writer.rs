//! The writing side of one upload.
//!
//! A [`SegmentWriter`] is owned by the upload; an append takes it, and its future gives it back
//! together with the caller's sink. Whatever ends an append, the bytes in the segments and the
//! bytes the sink has seen are the same. A writer (or append future) that is dropped leaves its
//! segments behind as orphans of the batch; [`SegmentWriter::discard`] removes them.

use crate::body::{BodyBroken, ByteSink, Chunk, ChunkReceiver, PartEnd};
use crate::error::{StorageError, StorageErrorKind};
use crate::key::{BatchId, Segment, SegmentKey};
use crate::local::LocalWriter;
use crate::object::ObjectEngine;
use bytes::Bytes;

/// Why an append ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The body broke; what had arrived is stored and hashed.
    #[error(transparent)]
    Body(#[from] BodyBroken),
    /// The store failed; what it has taken before is stored and hashed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The end of one append: everything that was moved in comes back.
#[derive(Debug)]
pub struct Appended<S> {
    /// Usable for further appends, also after an error.
    pub writer: SegmentWriter,
    /// Has seen exactly the bytes that are in the writer's segments.
    pub sink: S,
    /// Bytes this append added.
    pub received_bytes: u64,
    /// How it ended.
    pub outcome: Result<(), AppendError>,
}

/// The end of a part.
#[derive(Debug)]
pub struct AppendedPart<S> {
    /// What the part did.
    pub appended: Appended<S>,
    /// The rest of the body; `None` when it has ended or failed.
    pub rest: Option<ChunkReceiver>,
}

/// How an append ended: with the rest of the body when it was only a part's end.
pub(crate) type Ended = Result<Option<ChunkReceiver>, AppendError>;

/// Writes the segments of one upload.
#[derive(Debug)]
pub struct SegmentWriter {
    pub(crate) log: SegmentLog,
    pub(crate) backend: Backend,
}

#[derive(Debug)]
pub(crate) enum Backend {
    Local(LocalWriter),
    Object(ObjectEngine),
}

impl SegmentWriter {
    /// Stores the body to its end; `sink` sees each byte once it is stored.
    pub async fn append<S: ByteSink>(self, sink: S, body: ChunkReceiver) -> Appended<S> {
        self.append_until(sink, body, None).await.appended
    }

    /// Stores the body up to the end of a part, and gives the rest of it back.
    ///
    /// Where segments cannot be extended a part ends with a segment, so it may be longer.
    pub async fn append_part<S: ByteSink>(
        self,
        sink: S,
        body: ChunkReceiver,
        end: PartEnd,
    ) -> AppendedPart<S> {
        self.append_until(sink, body, Some(end)).await
    }

    async fn append_until<S: ByteSink>(
        self,
        sink: S,
        body: ChunkReceiver,
        end: Option<PartEnd>,
    ) -> AppendedPart<S> {
        let size_before = self.size_bytes();
        let (log, backend, sink, ended) = match self.backend {
            Backend::Local(local) => {
                let done = local.append(self.log, sink, body, end).await;
                (done.log, Backend::Local(done.writer), done.sink, done.ended)
            }
            Backend::Object(engine) => {
                let done = engine.append(self.log, sink, body, end).await;
                (done.log, Backend::Object(engine), done.sink, done.ended)
            }
        };
        let received_bytes = log.size_bytes - size_before;
        let (outcome, rest) = match ended {
            Ok(rest) => (Ok(()), rest),
            Err(error) => (Err(error), None),
        };
        AppendedPart {
            appended: Appended {
                writer: Self { log, backend },
                sink,
                received_bytes,
                outcome,
            },
            rest,
        }
    }

    /// Starts to make all bytes appended so far durable, whatever the mode; appending may go on
    /// meanwhile.
    ///
    /// # Errors
    /// The disk's error, which every later sync of this writer meets again.
    pub fn begin_persist(&self) -> impl Future<Output = Result<(), StorageError>> + Send + use<> {
        let work = match &self.backend {
            Backend::Local(local) => Some(local.begin_persist()),
            Backend::Object(_) => None,
        };
        async move {
            match work {
                Some(work) => work.await,
                None => Ok(()),
            }
        }
    }

    /// Stores bytes that are at hand; `sink` sees them once they are stored.
    pub async fn append_bytes<S: ByteSink>(self, sink: S, bytes: Vec<Bytes>) -> Appended<S> {
        let (sender, body) = tokio::sync::mpsc::channel(1);
        // The channel is new and has room for one, so this cannot fail.
        let sent = sender.try_send(Ok(Chunk { parts: bytes }));
        debug_assert!(sent.is_ok(), "a new channel has room for one chunk");
        drop(sender);
        self.append(sink, body).await
    }

    /// Waits until all bytes appended so far are durable; with [`crate::SyncMode::Os`] it does
    /// not wait.
    ///
    /// # Errors
    /// The disk's error. After one, the system may have dropped bytes it had taken, so this
    /// writer refuses everything but [`SegmentWriter::discard`]; go on from the last synced state
    /// with [`crate::Store::reopen_writer`].
    pub async fn sync(&mut self) -> Result<(), StorageError> {
        match &mut self.backend {
            Backend::Local(local) => local.sync().await?,
            Backend::Object(_) => {}
        }
        self.log.mark_synced();
        Ok(())
    }

    /// Waits until all bytes appended so far are on disk, whatever the mode: what a saved state may
    /// name must survive a power cut.
    ///
    /// # Errors
    /// As [`SegmentWriter::sync`].
    pub async fn persist(&mut self) -> Result<(), StorageError> {
        match &mut self.backend {
            Backend::Local(local) => local.persist().await?,
            Backend::Object(_) => {}
        }
        self.log.mark_synced();
        Ok(())
    }

    /// The segments so far, in order; synced or not.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.log.segments
    }

    /// Bytes so far; synced or not.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.log.size_bytes
    }

    /// The segments as of the last good [`SegmentWriter::sync`]: what a saved state may name.
    #[must_use]
    pub fn synced_segments(&self) -> Vec<Segment> {
        self.log.synced_segments()
    }

    /// Bytes as of the last good [`SegmentWriter::sync`].
    #[must_use]
    pub fn synced_bytes(&self) -> u64 {
        self.log.synced_bytes
    }

    /// The batch new segments go to.
    #[must_use]
    pub fn batch(&self) -> BatchId {
        self.log.batch
    }

    /// Deletes all its segments; a failure is logged and leaves orphans of the batch.
    pub async fn discard(self) {
        let keys: Vec<SegmentKey> = self
            .log
            .segments
            .iter()
            .map(|segment| segment.key)
            .collect();
        let deleted = match &self.backend {
            Backend::Local(local) => local.discard(keys).await,
            Backend::Object(engine) => engine.delete(&keys).await,
        };
        if let Err(error) = deleted {
            tracing::warn!(batch.id = self.log.batch.0, %error, "segments of an upload stay behind");
        }
    }
}

/// The list of segments being written, and up to where it is synced.
#[derive(Debug)]
pub(crate) struct SegmentLog {
    pub(crate) batch: BatchId,
    pub(crate) segments: Vec<Segment>,
    pub(crate) size_bytes: u64,
    max_segments: usize,
    synced_count: usize,
    synced_tail_bytes: u64,
    synced_bytes: u64,
}

impl SegmentLog {
    pub(crate) fn new(batch: BatchId, segments: Vec<Segment>, max_segments: usize) -> Self {
        let size_bytes = segments.iter().map(|segment| segment.size_bytes).sum();
        let mut log = Self {
            batch,
            segments,
            size_bytes,
            max_segments,
            synced_count: 0,
            synced_tail_bytes: 0,
            synced_bytes: 0,
        };
        log.mark_synced();
        log
    }

    /// Whether one more segment is allowed.
    pub(crate) fn check_room(&self) -> Result<(), StorageError> {
        if self.segments.len() < self.max_segments {
            return Ok(());
        }
        Err(StorageError::new(
            StorageErrorKind::TooManySegments,
            "start a segment in batch",
            self.batch,
            format!("the blob has {} segments already", self.segments.len()),
        ))
    }

    /// Adds a new, empty segment at the end.
    pub(crate) fn push(&mut self, key: SegmentKey) {
        self.segments.push(Segment { key, size_bytes: 0 });
    }

    /// Records that the last segment holds `bytes` more.
    pub(crate) fn grow(&mut self, bytes: u64) {
        if let Some(tail) = self.segments.last_mut() {
            tail.size_bytes += bytes;
            self.size_bytes += bytes;
        }
    }

    pub(crate) fn tail_bytes(&self) -> u64 {
        self.segments.last().map_or(0, |tail| tail.size_bytes)
    }

    fn mark_synced(&mut self) {
        self.synced_count = self.segments.len();
        self.synced_tail_bytes = self.tail_bytes();
        self.synced_bytes = self.size_bytes;
    }

    fn synced_segments(&self) -> Vec<Segment> {
        let mut synced: Vec<Segment> = self
            .segments
            .iter()
            .take(self.synced_count)
            .copied()
            .collect();
        if let Some(tail) = synced.last_mut() {
            tail.size_bytes = self.synced_tail_bytes;
        }
        synced
    }
}
