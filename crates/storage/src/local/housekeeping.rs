//! What is done beside uploads and reads: listing, deleting, the health probe, the root folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::folder::sync_root;
use super::witness::Witness;
use super::{LocalEngine, on_pool};
use crate::error::{StorageError, StorageErrorKind};
use crate::key::{BatchId, Segment, SegmentKey};
use crate::settings::SyncMode;
use crate::store::probe_differs;

const PROBES: &str = "probe";

/// Makes the root's other folders and makes the root itself durable. Blocks.
///
/// Probes that a killed process left are removed.
pub(super) fn prepare_root(root: &Path, witness: &Witness) -> Result<(), StorageError> {
    let probes = root.join(PROBES);
    let emptied = match fs::remove_dir_all(&probes) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(&probes),
    };
    emptied.map_err(|error| StorageError::from_io("empty", probes.display(), &error))?;
    sync_root(root, witness)?;
    match root.canonicalize().ok().as_deref().and_then(Path::parent) {
        // The parent may be foreign and not readable for us; then it existed before us too.
        Some(parent) => match sync_root(parent, witness) {
            Err(error) if error.kind == StorageErrorKind::Denied => Ok(()),
            other => other,
        },
        None => Ok(()),
    }
}

impl LocalEngine {
    pub(crate) async fn delete(
        self: &Arc<Self>,
        keys: Vec<SegmentKey>,
    ) -> Result<(), StorageError> {
        let mut batches: Vec<BatchId> = keys.iter().map(SegmentKey::batch).collect();
        batches.sort_unstable();
        batches.dedup();
        let engine = Arc::clone(self);
        let touched = on_pool(move || {
            engine.remove_files(&keys)?;
            if engine.sync_mode == SyncMode::Os {
                return Ok(Vec::new());
            }
            batches
                .into_iter()
                .filter(|&batch| engine.has_folder(batch))
                .map(|b| engine.folder(b))
                .collect()
        })
        .await?;
        // Power loss must not bring a segment back whose row is gone: nobody would find it again.
        for folder in touched {
            folder.sync().await?;
        }
        Ok(())
    }

    fn has_folder(&self, batch: BatchId) -> bool {
        self.segments_folder.path.join(batch.to_string()).is_dir()
    }

    /// Removes files; missing ones are fine. Blocks.
    pub(super) fn remove_files(&self, keys: &[SegmentKey]) -> Result<(), StorageError> {
        let mut removed = Ok(());
        for &key in keys {
            self.witness.at("segment.delete");
            removed = match fs::remove_file(self.path(key)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(StorageError::from_io("delete", key, &error).with_key(key))
                }
                _ => Ok(()),
            };
            if removed.is_err() {
                break;
            }
        }
        self.handles.forget(keys);
        removed
    }

    pub(crate) async fn list_batch(
        self: &Arc<Self>,
        batch: BatchId,
    ) -> Result<Vec<Segment>, StorageError> {
        let engine = Arc::clone(self);
        on_pool(move || engine.list_folder(batch)).await
    }

    fn list_folder(&self, batch: BatchId) -> Result<Vec<Segment>, StorageError> {
        let folder = self.segments_folder.path.join(batch.to_string());
        let failed = |error| StorageError::from_io("list", folder.display(), &error);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let text = format!("seg/{batch}/{}", entry.file_name().to_string_lossy());
            let key: SegmentKey = text.parse().map_err(|_| foreign_object(&text))?;
            match entry.metadata() {
                Ok(metadata) => found.push(Segment {
                    key,
                    size_bytes: metadata.len(),
                }),
                // Deleted while we list.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(found)
    }

    pub(crate) async fn forget_batch(self: &Arc<Self>, batch: BatchId) -> Result<(), StorageError> {
        let engine = Arc::clone(self);
        on_pool(move || engine.remove_folder(batch)).await?;
        match self.sync_mode {
            SyncMode::Always => self.segments_folder.sync().await,
            SyncMode::Os => Ok(()),
        }
    }

    fn remove_folder(&self, batch: BatchId) -> Result<(), StorageError> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.segments_folder.path.join(batch.to_string());
        match fs::remove_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StorageError::from_io("forget", path.display(), &error))
            }
            _ => {
                folders.pop(&batch);
                Ok(())
            }
        }
    }

    pub(crate) async fn free_bytes(self: &Arc<Self>) -> Option<u64> {
        let engine = Arc::clone(self);
        on_pool(move || engine.space.free_bytes()).await.ok()
    }

    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), StorageError> {
        let engine = Arc::clone(self);
        on_pool(move || {
            engine.check_reserve()?;
            let token = format!("{:032x}", rand::random::<u128>());
            let path = engine.root.join(PROBES).join(&token);
            let probed = engine.probe(&path, token.as_bytes());
            let removed = fs::remove_file(&path);
            let read = probed.and_then(|read| removed.map(|()| read));
            match read {
                Ok(read) if read == token.as_bytes() => Ok(()),
                Ok(_) => Err(probe_differs(&path.display().to_string())),
                Err(error) => Err(StorageError::from_io("check", path.display(), &error)),
            }
        })
        .await
    }

    fn probe(&self, path: &Path, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        if self.sync_mode == SyncMode::Always {
            file.sync_data()?;
        }
        let mut read = Vec::new();
        File::open(path)?.read_to_end(&mut read)?;
        Ok(read)
    }
}

/// What a stray object in a batch is reported as, by every engine.
pub(crate) fn foreign_object(text: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Internal,
        "list",
        text,
        "it is not a segment",
    )
}
