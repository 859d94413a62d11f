//! Blobs as objects behind `OpenDAL`: whatever is not a plain local folder.
//!
//! An object is written whole, so each append makes new segments. Bytes count from the moment the
//! object is closed; until then a failure takes the sink back to where the object began, and what
//! arrived for it is lost and reported so. A body that breaks is no failure of the store: the
//! object is closed with what has come.
//!
//! Engines that cannot write an object in steps (memory) gather it first; their segments are
//! small for that reason.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use opendal::{ErrorKind, Operator, Writer, services};

use crate::body::{ByteSink, Chunk, ChunkReceiver, PartEnd};
use crate::error::{StorageError, StorageErrorKind};
use crate::key::{BatchId, Segment, SegmentKey};
use crate::local::{FreeSpace, foreign_object, shorter_than_recorded};
use crate::read::{BlobRead, Piece};
use crate::settings::{CrashHook, EngineKind, StoreSettings};
use crate::store::probe_differs;
use crate::writer::{AppendError, Ended, SegmentLog};

/// Chunks a read fetches ahead of its consumer.
const READ_AHEAD: usize = 2;

/// Largest object on an engine that takes it in one piece only.
const ONE_PIECE_BYTES: u64 = 4 << 20;

/// Calls of one listing that run side by side.
const LIST_CALLS: usize = 8;

/// An engine behind `OpenDAL`; clones share everything.
#[derive(Clone)]
pub(crate) struct ObjectEngine {
    op: Operator,
    segment_close_bytes: u64,
    reserve_bytes: u64,
    read_chunk_bytes: usize,
    puts_if_absent: bool,
    writes_in_steps: bool,
    space: Option<Arc<FreeSpace>>,
    hook: Option<CrashHook>,
}

impl std::fmt::Debug for ObjectEngine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ObjectEngine")
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}

/// What an append gives back.
pub(crate) struct ObjectDone<S> {
    pub(crate) log: SegmentLog,
    pub(crate) sink: S,
    pub(crate) ended: Ended,
}

impl ObjectEngine {
    pub(crate) fn open(settings: &StoreSettings) -> Result<Self, StorageError> {
        let (opened, space) = match &settings.engine {
            EngineKind::Memory => (Operator::new(services::Memory::default()), None),
            EngineKind::OpendalFs { root } | EngineKind::Local { root } => {
                let builder = services::Fs::default().root(&root.to_string_lossy());
                (
                    Operator::new(builder),
                    Some(Arc::new(FreeSpace::new(root.clone()))),
                )
            }
        };
        let op = opened.map_err(|error| StorageError::from_opendal("open", "the store", &error))?;
        let capability = op.info().capability();
        let most_bytes = if capability.write_can_multi {
            u64::MAX
        } else {
            ONE_PIECE_BYTES
        };
        Ok(Self {
            op,
            segment_close_bytes: settings.segment_close_bytes.clamp(1, most_bytes),
            reserve_bytes: settings.reserve_bytes,
            read_chunk_bytes: settings.read_chunk_bytes.max(1),
            puts_if_absent: capability.write_with_if_not_exists,
            writes_in_steps: capability.write_can_multi,
            space,
            hook: settings.crash_hook.clone(),
        })
    }

    pub(crate) fn segment_close_bytes(&self) -> u64 {
        self.segment_close_bytes
    }

    pub(crate) fn puts_if_absent(&self) -> bool {
        self.puts_if_absent
    }

    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.space
            .as_ref()
            .and_then(|space| space.free_bytes().ok())
    }

    fn at(&self, point: &'static str) {
        if let Some(hook) = &self.hook {
            hook(point);
        }
    }

    fn check_reserve(&self) -> Result<(), StorageError> {
        match self.free_bytes() {
            Some(free_bytes) if free_bytes < self.reserve_bytes => {
                let text = format!(
                    "{free_bytes} bytes are free, {} are reserved",
                    self.reserve_bytes
                );
                Err(StorageError::new(
                    StorageErrorKind::NoSpace,
                    "write to",
                    "the store",
                    text,
                ))
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn append<S: ByteSink>(
        &self,
        log: SegmentLog,
        sink: S,
        mut body: ChunkReceiver,
        end: Option<PartEnd>,
    ) -> ObjectDone<S> {
        let size_before = log.size_bytes;
        let mut upload = ObjectUpload {
            engine: self,
            log,
            sink,
            open: None,
        };
        let mut is_part = false;
        let ended = loop {
            match body.recv().await {
                None => break Ok(()),
                Some(Err(broken)) => break Err(AppendError::Body(broken)),
                Some(Ok(chunk)) => {
                    if let Err(error) = upload.take(chunk).await {
                        break Err(error.into());
                    }
                    // An object is never closed for a part's end: its bytes would be a segment.
                    let part_bytes = upload.log.size_bytes - size_before;
                    if upload.open.is_none() && end.is_some_and(|end| end.is_reached(part_bytes)) {
                        is_part = true;
                        break Ok(());
                    }
                }
            }
        };
        let closed = upload.close().await;
        let ended = closed.map_err(AppendError::Storage).and(ended);
        ObjectDone {
            log: upload.log,
            sink: upload.sink,
            ended: ended.map(|()| is_part.then_some(body)),
        }
    }

    async fn start(&self, key: SegmentKey) -> Result<ObjectWriter, StorageError> {
        self.check_reserve()?;
        let writer = if self.writes_in_steps {
            let path = key.to_string();
            let made = self
                .op
                .writer_with(&path)
                .if_not_exists(self.puts_if_absent);
            ObjectWriter::Steps(made.await.map_err(|error| failed("create", key, &error))?)
        } else {
            ObjectWriter::OnePiece(Vec::new())
        };
        self.at("segment.create");
        Ok(writer)
    }

    pub(crate) async fn put_if_absent(
        &self,
        key: SegmentKey,
        bytes: Bytes,
    ) -> Result<Segment, StorageError> {
        self.check_reserve()?;
        let path = key.to_string();
        let size_bytes = bytes.len() as u64;
        if !self.puts_if_absent && self.size_of(key).await.is_ok() {
            let text = "something is there";
            let kind = StorageErrorKind::AlreadyExists;
            return Err(StorageError::new(kind, "create", key, text).with_key(key));
        }
        let put = self
            .op
            .write_with(&path, bytes)
            .if_not_exists(self.puts_if_absent);
        put.await.map_err(|error| failed("create", key, &error))?;
        Ok(Segment { key, size_bytes })
    }

    /// Checks the last segment of a saved upload.
    pub(crate) async fn check_tail(&self, tail: Option<Segment>) -> Result<(), StorageError> {
        let Some(tail) = tail else { return Ok(()) };
        let size_bytes = self.size_of(tail.key).await?;
        if size_bytes < tail.size_bytes {
            return Err(shorter_than_recorded(tail.key, size_bytes, tail.size_bytes));
        }
        Ok(())
    }

    async fn size_of(&self, key: SegmentKey) -> Result<u64, StorageError> {
        let metadata = self.op.stat(&key.to_string()).await;
        Ok(metadata
            .map_err(|error| failed("open", key, &error))?
            .content_length())
    }

    pub(crate) async fn read(&self, pieces: Vec<Piece>) -> Result<BlobRead, StorageError> {
        let engine = self.clone();
        let mut bytes = stream::iter(pieces)
            .then(move |piece| {
                let engine = engine.clone();
                async move { engine.read_piece(piece).await }
            })
            .try_flatten()
            .boxed();
        // The first bytes are fetched here, so that a missing object is an answer and not a
        // broken body.
        match bytes.next().await {
            None => Ok(BlobRead::Stream(stream::empty().boxed())),
            Some(Err(error)) => Err(error),
            Some(Ok(first)) => Ok(BlobRead::Stream(
                stream::once(async { Ok(first) }).chain(bytes).boxed(),
            )),
        }
    }

    async fn read_piece(
        &self,
        piece: Piece,
    ) -> Result<stream::BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        let key = piece.key;
        let path = key.to_string();
        let reader = self
            .op
            .reader_with(&path)
            .chunk(self.read_chunk_bytes)
            .concurrent(READ_AHEAD);
        let reader = reader.await.map_err(|error| failed("open", key, &error))?;
        let buffers = reader.into_stream(piece.offset..piece.end()).await;
        let buffers = buffers.map_err(|error| failed("read", key, &error))?;
        let state = (buffers, piece.len);
        let bytes = stream::try_unfold(state, move |(mut buffers, missing)| async move {
            match buffers.next().await {
                Some(Ok(buffer)) => {
                    let missing = missing.saturating_sub(buffer.len() as u64);
                    Ok(Some((buffer, (buffers, missing))))
                }
                Some(Err(error)) if error.kind() == ErrorKind::RangeNotSatisfied => Err(
                    shorter_than_recorded(key, piece.end() - missing, piece.end()),
                ),
                Some(Err(error)) => Err(failed("read", key, &error)),
                None if missing > 0 => Err(shorter_than_recorded(
                    key,
                    piece.end() - missing,
                    piece.end(),
                )),
                None => Ok(None),
            }
        });
        Ok(bytes
            .map_ok(|buffer| stream::iter(Iterator::map(buffer, Ok)))
            .try_flatten()
            .boxed())
    }

    pub(crate) async fn delete(&self, keys: &[SegmentKey]) -> Result<(), StorageError> {
        for &key in keys {
            self.at("segment.delete");
            match self.op.delete(&key.to_string()).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failed("delete", key, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) async fn list_batch(&self, batch: BatchId) -> Result<Vec<Segment>, StorageError> {
        let prefix = format!("seg/{batch}/");
        let list_failed =
            |error: opendal::Error| StorageError::from_opendal("list", &prefix, &error);
        let entries = self.op.list(&prefix).await.map_err(list_failed)?;
        let sized = stream::iter(entries)
            .filter(|entry| std::future::ready(entry.path() != prefix))
            .map(|entry| async move {
                let key = entry
                    .path()
                    .parse()
                    .map_err(|_| foreign_object(entry.path()))?;
                let listed_bytes = entry.metadata().content_length();
                // A listing without sizes says zero; no finished segment is empty.
                let size_bytes = if listed_bytes > 0 {
                    listed_bytes
                } else {
                    self.size_of(key).await?
                };
                Ok(Segment { key, size_bytes })
            })
            .buffer_unordered(LIST_CALLS);
        sized.try_collect().await
    }

    pub(crate) async fn check(&self) -> Result<(), StorageError> {
        self.check_reserve()?;
        let token = format!("{:032x}", rand::random::<u128>());
        let path = format!("probe/{token}");
        let probed = self.probe(&path, &token).await;
        let removed = self.op.delete(&path).await;
        let read = probed.and_then(|read| removed.map(|()| read));
        match read {
            Ok(read) if read == token.as_bytes() => Ok(()),
            Ok(_) => Err(probe_differs(&path)),
            Err(error) => Err(StorageError::from_opendal("check", &path, &error)),
        }
    }

    async fn probe(&self, path: &str, token: &str) -> opendal::Result<Vec<u8>> {
        self.op.write(path, token.to_owned()).await?;
        Ok(self.op.read(path).await?.to_vec())
    }
}

enum ObjectWriter {
    Steps(Writer),
    OnePiece(Vec<Bytes>),
}

struct OpenObject<S> {
    key: SegmentKey,
    writer: ObjectWriter,
    size_bytes: u64,
    sink_before: S,
}

struct ObjectUpload<'a, S> {
    engine: &'a ObjectEngine,
    log: SegmentLog,
    sink: S,
    open: Option<OpenObject<S>>,
}

impl<S: ByteSink> ObjectUpload<'_, S> {
    async fn take(&mut self, mut chunk: Chunk) -> Result<(), StorageError> {
        while !chunk.is_empty() {
            let mut object = match self.open.take() {
                Some(object) => object,
                None => self.start().await?,
            };
            let room = self.engine.segment_close_bytes - object.size_bytes;
            let now = chunk.split_front(usize::try_from(room).unwrap_or(usize::MAX));
            self.engine.at("segment.write");
            for part in &now.parts {
                self.sink.update(part);
            }
            object.size_bytes += now.len() as u64;
            if let Err(error) = object.write(now).await {
                self.give_up(object).await;
                return Err(error);
            }
            let full = object.size_bytes >= self.engine.segment_close_bytes;
            self.open = Some(object);
            if full {
                self.close().await?;
            }
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<OpenObject<S>, StorageError> {
        self.log.check_room()?;
        let key = SegmentKey::new(self.log.batch);
        let writer = self.engine.start(key).await?;
        Ok(OpenObject {
            key,
            writer,
            size_bytes: 0,
            sink_before: self.sink.clone(),
        })
    }

    /// Finishes the open object: from here on its bytes count.
    async fn close(&mut self) -> Result<(), StorageError> {
        let Some(mut object) = self.open.take() else {
            return Ok(());
        };
        self.engine.at("segment.sync.before");
        if let Err(error) = object.finish(self.engine).await {
            self.give_up(object).await;
            return Err(error);
        }
        self.engine.at("segment.sync.after");
        self.log.push(object.key);
        self.log.grow(object.size_bytes);
        Ok(())
    }

    /// Removes an object that could not be finished, and takes the sink back to before it.
    async fn give_up(&mut self, object: OpenObject<S>) {
        if let ObjectWriter::Steps(mut writer) = object.writer
            && let Err(error) = writer.abort().await
            && error.kind() != ErrorKind::Unsupported
        {
            tracing::warn!(segment.key = %object.key, %error, "an unfinished object was not aborted");
        }
        if let Err(error) = self.engine.delete(&[object.key]).await {
            tracing::warn!(segment.key = %object.key, %error, "an unfinished object stays behind");
        }
        self.sink = object.sink_before;
    }
}

impl<S> OpenObject<S> {
    async fn write(&mut self, chunk: Chunk) -> Result<(), StorageError> {
        match &mut self.writer {
            ObjectWriter::Steps(writer) => {
                let written = writer.write(chunk.parts).await;
                written.map_err(|error| failed("write", self.key, &error))
            }
            ObjectWriter::OnePiece(parts) => {
                parts.extend(chunk.parts);
                Ok(())
            }
        }
    }

    async fn finish(&mut self, engine: &ObjectEngine) -> Result<(), StorageError> {
        let finished = match &mut self.writer {
            ObjectWriter::Steps(writer) => writer.close().await,
            ObjectWriter::OnePiece(parts) => {
                let path = self.key.to_string();
                let bytes = std::mem::take(parts);
                engine
                    .op
                    .write_with(&path, bytes)
                    .if_not_exists(engine.puts_if_absent)
                    .await
            }
        };
        finished
            .map(drop)
            .map_err(|error| failed("finish", self.key, &error))
    }
}

fn failed(action: &'static str, key: SegmentKey, error: &opendal::Error) -> StorageError {
    StorageError::from_opendal(action, key, error).with_key(key)
}
