//! The local engine's side of an upload.
//!
//! An append runs on a thread of the blocking pool that it holds while chunks keep coming: hash
//! and write happen there, without a copy and without a hand-over per chunk. When the client is
//! slower than [`HOLD`] the thread is given back, and the next chunk borrows one again; so slow
//! clients never use the pool up. The number of held threads is bounded by the settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;

use super::folder::Folder;
use super::segment::OpenSegment;
use super::{LocalEngine, on_pool};
use crate::body::{BodyBroken, ByteSink, Chunk, ChunkReceiver, PartEnd, Received, receive};
use crate::error::StorageError;
use crate::key::SegmentKey;
use crate::settings::SyncMode;
use crate::writer::{AppendError, Ended, SegmentLog};

/// How long a held thread waits for the next chunk before it is given back.
const HOLD: Duration = Duration::from_millis(100);

/// Written files that may wait for the final sync; beyond that the oldest is synced at once, so
/// that a long upload does not keep a file open per segment.
const MOST_DIRTY: usize = 4;

/// Writing state of one upload on the local engine.
pub(crate) struct LocalWriter {
    engine: Arc<LocalEngine>,
    folder: Option<Arc<Folder>>,
    /// The last segment, while it can be extended.
    open: Option<Arc<OpenSegment>>,
    /// Files with bytes that no sync has covered; stays empty in mode `Os`.
    dirty: Vec<Arc<OpenSegment>>,
    /// Files that no folder sync has covered; stays empty in mode `Os`.
    new_entries: Vec<PathBuf>,
    /// Set by a failed sync: what the disk holds is unknown from then on.
    failure: Option<StorageError>,
}

impl std::fmt::Debug for LocalWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalWriter")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// What an append gives back.
pub(crate) struct LocalDone<S> {
    pub(crate) writer: LocalWriter,
    pub(crate) log: SegmentLog,
    pub(crate) sink: S,
    pub(crate) ended: Ended,
}

impl LocalWriter {
    pub(super) fn new(engine: Arc<LocalEngine>, open: Option<Arc<OpenSegment>>) -> Self {
        Self {
            engine,
            folder: None,
            open,
            dirty: Vec::new(),
            new_entries: Vec::new(),
            failure: None,
        }
    }

    pub(crate) async fn append<S: ByteSink>(
        self,
        log: SegmentLog,
        sink: S,
        mut body: ChunkReceiver,
        end: Option<PartEnd>,
    ) -> LocalDone<S> {
        let mut state = Running {
            writer: self,
            size_before: log.size_bytes,
            end,
            log,
            sink,
        };
        if let Some(failure) = state.writer.failure.clone() {
            return state.done(Err(failure.into()));
        }
        loop {
            let chunk = match receive(&mut body, end).await {
                Received::BodyEnd => return state.done(Ok(None)),
                Received::PartEnd => return state.done(Ok(Some(body))),
                Received::Chunk(Err(broken)) => return state.done(Err(broken.into())),
                Received::Chunk(Ok(chunk)) => chunk,
            };
            let permit = Arc::clone(&state.writer.engine.held_threads)
                .try_acquire_owned()
                .ok();
            let patience = if permit.is_some() {
                HOLD
            } else {
                Duration::ZERO
            };
            let runtime = Handle::current();
            let work = tokio::task::spawn_blocking(move || {
                let end = state.take_chunks(chunk, &mut body, patience, &runtime);
                drop(permit);
                (state, body, end)
            });
            let end;
            (state, body, end) = match work.await {
                Ok(back) => back,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // The runtime is shutting down, and this task with it.
                Err(_) => std::future::pending().await,
            };
            match end {
                WorkEnd::Idle => {}
                WorkEnd::Part => return state.done(Ok(Some(body))),
                WorkEnd::Over(outcome) => return state.done(outcome.map(|()| None)),
            }
        }
    }

    /// Makes all bytes written so far durable: files and folder at the same time.
    pub(crate) async fn sync(&mut self) -> Result<(), StorageError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let (data, entries) = tokio::join!(self.sync_files(), self.sync_entries());
        if let Err(error) = data.and(entries) {
            self.failure = Some(error.clone());
            return Err(error);
        }
        self.new_entries.clear();
        self.dirty.clear();
        Ok(())
    }

    /// The same whatever the mode.
    pub(crate) async fn persist(&mut self) -> Result<(), StorageError> {
        if self.engine.sync_mode == SyncMode::Always {
            return self.sync().await;
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let synced = self.engine.sync_all().await;
        synced.inspect_err(|error| self.failure = Some(error.clone()))
    }

    /// Starts to persist what is written now, beside further appends. What it covers stays on the
    /// list for the final sync, which has nothing left to do for it; a file keeps its failure.
    pub(crate) fn begin_persist(
        &self,
    ) -> impl Future<Output = Result<(), StorageError>> + Send + use<> {
        let engine = Arc::clone(&self.engine);
        let failure = self.failure.clone();
        let (files, entries) = (self.sync_files(), self.sync_entries());
        async move {
            match (failure, engine.sync_mode) {
                (Some(failure), _) => Err(failure),
                (None, SyncMode::Os) => engine.sync_all().await,
                (None, SyncMode::Always) => {
                    let (data, entries) = tokio::join!(files, entries);
                    data.and(entries)
                }
            }
        }
    }

    fn sync_files(&self) -> impl Future<Output = Result<(), StorageError>> + Send + use<> {
        let files = self.dirty.clone();
        let witness = Arc::clone(&self.engine.witness);
        async move {
            if files.is_empty() {
                return Ok(());
            }
            on_pool(move || files.iter().try_for_each(|file| file.sync(&witness))).await
        }
    }

    fn sync_entries(&self) -> impl Future<Output = Result<(), StorageError>> + Send + use<> {
        let is_new = !self.new_entries.is_empty();
        let folder = self.folder.clone().filter(|_| is_new);
        async move {
            match folder {
                Some(folder) => folder.sync().await,
                None => Ok(()),
            }
        }
    }

    pub(crate) async fn discard(&self, keys: Vec<SegmentKey>) -> Result<(), StorageError> {
        let engine = Arc::clone(&self.engine);
        on_pool(move || engine.remove_files(&keys)).await
    }

    /// Writes one chunk, across as many segments as it needs. Blocks.
    fn write_chunk<S: ByteSink>(
        &mut self,
        log: &mut SegmentLog,
        sink: &mut S,
        mut chunk: Chunk,
    ) -> Result<(), StorageError> {
        while !chunk.is_empty() {
            self.engine.check_reserve()?;
            let segment = self.tail(log)?;
            let offset = log.tail_bytes();
            let room = self
                .engine
                .segment_close_bytes
                .saturating_sub(offset)
                .max(1);
            let now = chunk.split_front(usize::try_from(room).unwrap_or(usize::MAX));
            if let Err(error) = segment.write(&now, offset, &self.engine.witness) {
                self.drop_empty_tail(log);
                return Err(error);
            }
            // Hashed after the write: what the disk refused must not be in the digest.
            for part in &now.parts {
                sink.update(part);
            }
            log.grow(now.len() as u64);
            self.note_written(&segment)?;
        }
        Ok(())
    }

    /// The segment that takes the next byte.
    fn tail(&mut self, log: &mut SegmentLog) -> Result<Arc<OpenSegment>, StorageError> {
        if let Some(open) = &self.open
            && log.tail_bytes() < self.engine.segment_close_bytes
        {
            return Ok(Arc::clone(open));
        }
        log.check_room()?;
        let folder = match &self.folder {
            Some(folder) => Arc::clone(folder),
            None => self.engine.folder(log.batch)?,
        };
        let key = SegmentKey::new(log.batch);
        let path = self.engine.path(key);
        let segment = OpenSegment::create(key, path, &self.engine.witness)?;
        log.push(key);
        if self.engine.sync_mode == SyncMode::Always {
            self.new_entries.push(segment.path.clone());
        }
        self.folder = Some(folder);
        self.open = Some(Arc::clone(&segment));
        Ok(segment)
    }

    /// Takes back a segment whose first write failed.
    fn drop_empty_tail(&mut self, log: &mut SegmentLog) {
        if log.tail_bytes() > 0 {
            return;
        }
        let Some(empty) = self.open.take() else {
            return;
        };
        log.segments.pop_if(|segment| segment.key == empty.key);
        self.new_entries.pop_if(|path| *path == empty.path);
        if let Err(error) = self.engine.remove_files(&[empty.key]) {
            tracing::warn!(segment.key = %empty.key, %error, "an empty segment stays behind");
        }
    }

    fn note_written(&mut self, segment: &Arc<OpenSegment>) -> Result<(), StorageError> {
        if self.engine.sync_mode == SyncMode::Os {
            return Ok(());
        }
        if !self
            .dirty
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, segment))
        {
            self.dirty.push(Arc::clone(segment));
        }
        if self.dirty.len() > MOST_DIRTY {
            let oldest = self.dirty.remove(0);
            if let Err(error) = oldest.sync(&self.engine.witness) {
                self.failure = Some(error.clone());
                return Err(error);
            }
        }
        segment.write_back(self.engine.write_back_bytes, &self.engine.witness);
        Ok(())
    }
}

/// What a held thread owns.
struct Running<S> {
    writer: LocalWriter,
    size_before: u64,
    end: Option<PartEnd>,
    log: SegmentLog,
    sink: S,
}

enum WorkEnd {
    /// No chunk came for a while; the body goes on.
    Idle,
    /// The part is over; the body goes on.
    Part,
    Over(Result<(), AppendError>),
}

impl<S: ByteSink> Running<S> {
    fn done(self, ended: Ended) -> LocalDone<S> {
        LocalDone {
            writer: self.writer,
            log: self.log,
            sink: self.sink,
            ended,
        }
    }

    /// Stores `chunk` and what follows it. Blocks.
    fn take_chunks(
        &mut self,
        mut chunk: Chunk,
        body: &mut ChunkReceiver,
        patience: Duration,
        runtime: &Handle,
    ) -> WorkEnd {
        loop {
            if let Err(error) = self
                .writer
                .write_chunk(&mut self.log, &mut self.sink, chunk)
            {
                return WorkEnd::Over(Err(error.into()));
            }
            let part_bytes = self.log.size_bytes - self.size_before;
            if self.end.is_some_and(|end| end.is_reached(part_bytes)) {
                return WorkEnd::Part;
            }
            chunk = match next_chunk(body, patience, runtime) {
                Next::Chunk(Ok(chunk)) => chunk,
                Next::Chunk(Err(broken)) => return WorkEnd::Over(Err(broken.into())),
                Next::End => return WorkEnd::Over(Ok(())),
                Next::NotYet => return WorkEnd::Idle,
            };
        }
    }
}

enum Next {
    Chunk(Result<Chunk, BodyBroken>),
    End,
    NotYet,
}

fn next_chunk(body: &mut ChunkReceiver, patience: Duration, runtime: &Handle) -> Next {
    match body.try_recv() {
        Ok(chunk) => return Next::Chunk(chunk),
        Err(TryRecvError::Disconnected) => return Next::End,
        Err(TryRecvError::Empty) if patience.is_zero() => return Next::NotYet,
        Err(TryRecvError::Empty) => {}
    }
    match runtime.block_on(async { tokio::time::timeout(patience, body.recv()).await }) {
        Ok(Some(chunk)) => Next::Chunk(chunk),
        Ok(None) => Next::End,
        Err(_) => Next::NotYet,
    }
}
