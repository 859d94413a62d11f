//! The door to an engine: one cheap handle, cloned into whoever needs bytes.
//!
//! It picks the engine and checks what is the same for all of them: that a range lies inside its
//! blob, and which pieces of which segments it covers.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{StorageError, StorageErrorKind};
use crate::key::{BatchId, Segment, SegmentKey};
use crate::local::LocalEngine;
use crate::object::ObjectEngine;
use crate::read::{BlobRead, slice_segments};
use crate::settings::{Capabilities, EngineKind, StoreSettings};
use crate::writer::{Backend, SegmentLog, SegmentWriter};

/// A blob store; clones share everything.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    max_segments: usize,
}

#[derive(Debug, Clone)]
enum Engine {
    Local(Arc<LocalEngine>),
    Object(ObjectEngine),
}

impl Store {
    /// Opens the store, making its folders when they are missing.
    ///
    /// # Errors
    /// [`StorageErrorKind::Denied`], [`StorageErrorKind::NoSpace`] or
    /// [`StorageErrorKind::Internal`] when the root cannot be made or read.
    pub async fn open(settings: StoreSettings) -> Result<Self, StorageError> {
        let max_segments = settings.max_segments;
        let engine = match &settings.engine {
            EngineKind::Local { root } => {
                let root = root.clone();
                Engine::Local(LocalEngine::open(root, settings).await?)
            }
            EngineKind::Memory | EngineKind::OpendalFs { .. } => {
                Engine::Object(ObjectEngine::open(&settings)?)
            }
        };
        Ok(Self {
            engine,
            max_segments,
        })
    }

    /// Starts an upload in `batch`; creates nothing until bytes arrive.
    #[must_use]
    pub fn new_writer(&self, batch: BatchId) -> SegmentWriter {
        let backend = match &self.engine {
            Engine::Local(engine) => Backend::Local(Arc::clone(engine).new_writer()),
            Engine::Object(engine) => Backend::Object(engine.clone()),
        };
        SegmentWriter {
            log: SegmentLog::new(batch, Vec::new(), self.max_segments),
            backend,
        }
    }

    /// Goes on with an upload whose saved state is `segments`.
    ///
    /// Where the engine appends, the last segment's file is cut to its recorded size, and new
    /// bytes extend it when it belongs to `batch`; in every other case they start a new segment.
    ///
    /// # Errors
    /// [`StorageErrorKind::NotFound`] when the last segment is gone, [`StorageErrorKind::Damaged`]
    /// when it is shorter than recorded.
    pub async fn reopen_writer(
        &self,
        batch: BatchId,
        segments: Vec<Segment>,
    ) -> Result<SegmentWriter, StorageError> {
        let tail = segments.last().copied();
        let backend = match &self.engine {
            Engine::Local(engine) => {
                Backend::Local(Arc::clone(engine).reopen_writer(batch, tail).await?)
            }
            Engine::Object(engine) => {
                engine.check_tail(tail).await?;
                Backend::Object(engine.clone())
            }
        };
        Ok(SegmentWriter {
            log: SegmentLog::new(batch, segments, self.max_segments),
            backend,
        })
    }

    /// Stores `bytes` under a key that the caller chose, if nothing is there.
    ///
    /// For small objects; an upload uses a writer. Durable on return in mode `Always`.
    ///
    /// # Errors
    /// [`StorageErrorKind::AlreadyExists`] when the key is taken: the old bytes stay as they are.
    pub async fn put_if_absent(
        &self,
        key: SegmentKey,
        bytes: Bytes,
    ) -> Result<Segment, StorageError> {
        match &self.engine {
            Engine::Local(engine) => engine.put_if_absent(key, bytes).await,
            Engine::Object(engine) => engine.put_if_absent(key, bytes).await,
        }
    }

    /// Opens the bytes `range` of the blob made of `segments`, for reading.
    ///
    /// # Errors
    /// [`StorageErrorKind::NotFound`] when a segment is gone, [`StorageErrorKind::Damaged`] when
    /// one is shorter than recorded, [`StorageErrorKind::Internal`] when the range leaves the blob. Segments beyond the first few
    /// are opened as the stream reaches them, and their errors come inside the stream.
    pub async fn read(
        &self,
        segments: &[Segment],
        range: Range<u64>,
    ) -> Result<BlobRead, StorageError> {
        let pieces = slice_segments(segments, range)?;
        match &self.engine {
            Engine::Local(engine) => Arc::clone(engine).read(pieces).await,
            Engine::Object(engine) => engine.read(pieces).await,
        }
    }

    /// Deletes segments; ones that are not there are fine. Durable on return in mode `Always`.
    ///
    /// # Errors
    /// The first failure; the segments before it are gone, those after it were not tried.
    pub async fn delete(&self, keys: &[SegmentKey]) -> Result<(), StorageError> {
        match &self.engine {
            Engine::Local(engine) => engine.delete(keys.to_vec()).await,
            Engine::Object(engine) => engine.delete(keys).await,
        }
    }

    /// Lists what is stored under a batch, in key order, with the sizes found.
    ///
    /// # Errors
    /// Whatever the engine reports, and [`StorageErrorKind::Internal`] for a foreign object in the
    /// batch's folder: nothing is skipped silently.
    pub async fn list_batch(&self, batch: BatchId) -> Result<Vec<Segment>, StorageError> {
        let mut found = match &self.engine {
            Engine::Local(engine) => engine.list_batch(batch).await?,
            Engine::Object(engine) => engine.list_batch(batch).await?,
        };
        found.sort_unstable_by_key(|segment| segment.key);
        Ok(found)
    }

    /// Forgets a closed batch that holds no segment any more, so that empty folders do not pile up.
    ///
    /// # Errors
    /// [`StorageErrorKind::Internal`] when it is not empty.
    pub async fn forget_batch(&self, batch: BatchId) -> Result<(), StorageError> {
        match &self.engine {
            Engine::Local(engine) => engine.forget_batch(batch).await,
            Engine::Object(_) => Ok(()),
        }
    }

    /// Makes everything written so far durable, whatever the mode: the mark of mode `Os`. Calls at
    /// the same time share one sync that begins after all of them.
    ///
    /// # Errors
    /// The disk's error, to those who share the sync and to nobody later: what was written before
    /// may be gone from then on.
    pub async fn sync_all(&self) -> Result<(), StorageError> {
        match &self.engine {
            Engine::Local(engine) => engine.sync_all().await,
            Engine::Object(_) => Ok(()),
        }
    }

    /// Writes, reads and deletes a small probe.
    ///
    /// # Errors
    /// What an upload or download would meet now.
    pub async fn check(&self) -> Result<(), StorageError> {
        match &self.engine {
            Engine::Local(engine) => engine.check().await,
            Engine::Object(engine) => engine.check().await,
        }
    }

    /// Free bytes where the engine is a disk; at most a second old.
    pub async fn free_bytes(&self) -> Option<u64> {
        match &self.engine {
            Engine::Local(engine) => engine.free_bytes().await,
            Engine::Object(engine) => engine.free_bytes(),
        }
    }

    /// What the store can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        let (appends, put_if_absent, segment_close_bytes) = match &self.engine {
            Engine::Local(engine) => (true, true, engine.segment_close_bytes()),
            Engine::Object(engine) => {
                (false, engine.puts_if_absent(), engine.segment_close_bytes())
            }
        };
        Capabilities {
            appends,
            local_files: appends,
            put_if_absent,
            segment_close_bytes,
            max_segments: self.max_segments,
        }
    }
}

/// What a read-back probe that differs is reported as.
pub(crate) fn probe_differs(object: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Internal,
        "check",
        object,
        "other bytes came back",
    )
}
