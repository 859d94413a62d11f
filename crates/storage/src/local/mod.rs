//! Blobs as plain files: the fast path, without `OpenDAL`.
//!
//! A segment is `<root>/seg/<batch>/<32 hex>`, mode 0600, made with `O_EXCL`. It grows by
//! positional writes while its upload runs and never changes afterwards. Durability is
//! `fdatasync` of the file and a grouped sync of its folder.
//!
//! Start at [`LocalWriter`] for writes and [`LocalEngine::read`] for reads. Everything that may
//! wait for the disk runs on the blocking pool.

mod folder;
mod group_sync;
mod handles;
mod housekeeping;
mod segment;
mod space;
mod whole;
mod witness;
mod writer;

pub(crate) use housekeeping::foreign_object;
pub(crate) use segment::shorter_than_recorded;
pub(crate) use space::FreeSpace;
pub(crate) use writer::LocalWriter;

use std::fs::{self, OpenOptions};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use lru::LruCache;
use tokio::sync::Semaphore;

use self::folder::Folder;
use self::group_sync::GroupSync;
use self::handles::Handles;
use self::segment::{OpenSegment, open_existing};
use self::witness::Witness;
use crate::body::Chunk;
use crate::error::{StorageError, StorageErrorKind};
use crate::key::{BatchId, Segment, SegmentKey};
use crate::read::{BlobRead, LocalPart, Piece, stream_parts};
use crate::settings::{StoreSettings, SyncMode};

/// Files one read may have open at once; a blob of more segments is streamed.
const MOST_PARTS: usize = 32;

/// Batch folders remembered as made; a node writes into one or two at a time.
const MOST_FOLDERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// The local engine.
pub(crate) struct LocalEngine {
    root: PathBuf,
    sync_mode: SyncMode,
    segment_close_bytes: u64,
    reserve_bytes: u64,
    write_back_bytes: u64,
    read_chunk_bytes: usize,
    witness: Arc<Witness>,
    whole_sync: GroupSync,
    segments_folder: Arc<Folder>,
    folders: Mutex<LruCache<BatchId, Arc<Folder>>>,
    handles: Handles,
    space: FreeSpace,
    held_threads: Arc<Semaphore>,
}

impl std::fmt::Debug for LocalEngine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalEngine")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl LocalEngine {
    pub(crate) async fn open(
        root: PathBuf,
        settings: StoreSettings,
    ) -> Result<Arc<Self>, StorageError> {
        on_pool(move || Self::open_blocking(root, &settings)).await
    }

    fn open_blocking(root: PathBuf, settings: &StoreSettings) -> Result<Arc<Self>, StorageError> {
        let witness = Arc::new(Witness::open(settings)?);
        let made = fs::create_dir_all(&root);
        made.map_err(|error| StorageError::from_io("make folder", root.display(), &error))?;
        let segments_folder = Folder::make(root.join("seg"), None, &witness)?;
        housekeeping::prepare_root(&root, &witness)?;
        let whole_sync = whole::group(&root, Arc::clone(&witness))?;
        Ok(Arc::new(Self {
            sync_mode: settings.sync,
            segment_close_bytes: settings.segment_close_bytes.max(1),
            reserve_bytes: settings.reserve_bytes,
            write_back_bytes: settings.write_back_bytes,
            read_chunk_bytes: settings.read_chunk_bytes,
            witness,
            whole_sync,
            segments_folder,
            folders: Mutex::new(LruCache::new(MOST_FOLDERS)),
            handles: Handles::new(settings.open_files),
            space: FreeSpace::new(root.clone()),
            held_threads: Arc::new(Semaphore::new(settings.held_threads)),
            root,
        }))
    }

    pub(crate) fn segment_close_bytes(&self) -> u64 {
        self.segment_close_bytes
    }

    pub(crate) fn new_writer(self: Arc<Self>) -> LocalWriter {
        LocalWriter::new(self, None)
    }

    pub(crate) async fn reopen_writer(
        self: Arc<Self>,
        batch: BatchId,
        tail: Option<Segment>,
    ) -> Result<LocalWriter, StorageError> {
        let Some(tail) = tail else {
            return Ok(self.new_writer());
        };
        on_pool(move || {
            let open = self.cut_tail(tail)?;
            // A tail of another batch belongs to its sweep; only bytes of ours may join it.
            let extends = tail.key.batch() == batch && tail.size_bytes < self.segment_close_bytes;
            Ok(LocalWriter::new(self, extends.then_some(open)))
        })
        .await
    }

    fn cut_tail(&self, tail: Segment) -> Result<Arc<OpenSegment>, StorageError> {
        let path = self.path(tail.key);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let (file, size_bytes) = open_existing(tail.key, &path, tail.size_bytes, &options)?;
        if size_bytes > tail.size_bytes {
            let cut = file.set_len(tail.size_bytes);
            cut.map_err(|error| StorageError::from_io("cut", tail.key, &error).with_key(tail.key))?;
        }
        Ok(OpenSegment::wrap(tail.key, path, file, tail.size_bytes))
    }

    pub(crate) async fn put_if_absent(
        self: &Arc<Self>,
        key: SegmentKey,
        bytes: Bytes,
    ) -> Result<Segment, StorageError> {
        let engine = Arc::clone(self);
        let size_bytes = bytes.len() as u64;
        let folder = on_pool(move || engine.put_file(key, bytes)).await?;
        if self.sync_mode == SyncMode::Always {
            folder.sync().await?;
        }
        Ok(Segment { key, size_bytes })
    }

    fn put_file(&self, key: SegmentKey, bytes: Bytes) -> Result<Arc<Folder>, StorageError> {
        self.check_reserve()?;
        let folder = self.folder(key.batch())?;
        let segment = OpenSegment::create(key, self.path(key), &self.witness)?;
        let written = segment.write(&Chunk::from(bytes), 0, &self.witness);
        let synced = written.and_then(|()| match self.sync_mode {
            SyncMode::Always => segment.sync(&self.witness),
            SyncMode::Os => Ok(()),
        });
        if let Err(error) = synced {
            if let Err(error) = self.remove_files(&[key]) {
                tracing::warn!(segment.key = %key, %error, "a failed segment stays behind");
            }
            return Err(error);
        }
        Ok(folder)
    }

    pub(crate) async fn read(
        self: Arc<Self>,
        mut pieces: Vec<Piece>,
    ) -> Result<BlobRead, StorageError> {
        let later = pieces.split_off(pieces.len().min(MOST_PARTS));
        let parts = self.open_parts(pieces).await?;
        if later.is_empty() {
            return Ok(BlobRead::Local(parts));
        }
        let chunk_bytes = self.read_chunk_bytes;
        let rest = stream::iter(later)
            .then(move |piece| {
                let engine = Arc::clone(&self);
                async move { engine.open_parts(vec![piece]).await }
            })
            .map_ok(move |opened| stream_parts(opened, chunk_bytes))
            .try_flatten();
        Ok(BlobRead::Stream(
            stream_parts(parts, chunk_bytes).chain(rest).boxed(),
        ))
    }

    async fn open_parts(
        self: &Arc<Self>,
        pieces: Vec<Piece>,
    ) -> Result<Vec<LocalPart>, StorageError> {
        let find = |piece: &Piece| {
            let kept = self.handles.find(piece);
            kept.or_else(|| self.handles.open_cached(piece, &self.path(piece.key)))
        };
        let found: Option<Vec<LocalPart>> = pieces.iter().map(find).collect();
        if let Some(parts) = found {
            return Ok(parts);
        }
        let engine = Arc::clone(self);
        on_pool(move || {
            let open = |piece: &Piece| match engine.handles.find(piece) {
                Some(part) => Ok(part),
                None => engine.handles.open(piece, &engine.path(piece.key)),
            };
            pieces.iter().map(open).collect()
        })
        .await
    }

    /// Path of a segment.
    fn path(&self, key: SegmentKey) -> PathBuf {
        self.root.join(key.to_string())
    }

    /// The folder of a batch, made when it is missing. Blocks.
    fn folder(&self, batch: BatchId) -> Result<Arc<Folder>, StorageError> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folders.get(&batch) {
            return Ok(Arc::clone(folder));
        }
        let path = self.segments_folder.path.join(batch.to_string());
        let parent = Some(Arc::clone(&self.segments_folder));
        let folder = Folder::make(path, parent, &self.witness)?;
        folders.put(batch, Arc::clone(&folder));
        Ok(folder)
    }

    /// Refuses to write below the reserve. Blocks.
    fn check_reserve(&self) -> Result<(), StorageError> {
        if self.reserve_bytes == 0 {
            return Ok(());
        }
        let free_bytes = self.space.free_bytes()?;
        if free_bytes >= self.reserve_bytes {
            return Ok(());
        }
        let text = format!(
            "{free_bytes} bytes are free, {} are reserved",
            self.reserve_bytes
        );
        Err(StorageError::new(
            StorageErrorKind::NoSpace,
            "write to",
            self.root.display(),
            text,
        ))
    }

    /// Makes the whole file system durable.
    pub(crate) async fn sync_all(self: &Arc<Self>) -> Result<(), StorageError> {
        self.whole_sync.sync().await
    }
}

/// Runs `work` on the blocking pool.
async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => {
            let text = "the blocking pool is shutting down";
            Err(StorageError::new(
                StorageErrorKind::Internal,
                "use",
                "the disk",
                text,
            ))
        }
    }
}
