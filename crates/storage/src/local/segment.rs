//! One segment file that is open for writing.
//!
//! Writes are positional, so a failed one leaves no state but bytes beyond the recorded size,
//! which the next write replaces. All data syncs of a file go through one lock: the kernel reports
//! a failed write-back to one caller only, and whoever sees it must tell the others.

use std::fs::{File, OpenOptions};
use std::io::IoSlice;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustix::io::Errno;

use super::witness::Witness;
use crate::body::Chunk;
use crate::error::StorageError;
use crate::key::SegmentKey;

/// Most buffers one vectored write may name (Linux `UIO_MAXIOV`).
const MAX_SLICES: usize = 1024;

pub(super) struct OpenSegment {
    pub(super) key: SegmentKey,
    pub(super) path: PathBuf,
    file: File,
    written_bytes: AtomicU64,
    synced_bytes: AtomicU64,
    sync_failure: Mutex<Option<StorageError>>,
    writes_back: AtomicBool,
}

impl OpenSegment {
    /// Makes the file; fails when something is there. Blocks.
    pub(super) fn create(
        key: SegmentKey,
        path: PathBuf,
        witness: &Witness,
    ) -> Result<Arc<Self>, StorageError> {
        let made = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let file = made.map_err(|error| StorageError::from_io("create", key, &error))?;
        witness.entry_made(&path)?;
        witness.at("segment.create");
        Ok(Self::wrap(key, path, file, 0))
    }

    /// Wraps a file whose first `synced_bytes` are durable.
    pub(super) fn wrap(key: SegmentKey, path: PathBuf, file: File, synced_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            key,
            path,
            file,
            written_bytes: AtomicU64::new(synced_bytes),
            synced_bytes: AtomicU64::new(synced_bytes),
            sync_failure: Mutex::new(None),
            writes_back: AtomicBool::new(false),
        })
    }

    /// Writes all of `chunk` at `offset`, or cuts the file back to `offset`. Blocks.
    pub(super) fn write(
        &self,
        chunk: &Chunk,
        offset: u64,
        witness: &Witness,
    ) -> Result<(), StorageError> {
        witness.at("segment.write");
        let written = if witness.is_hooked() {
            self.write_in_halves(chunk.clone(), offset, witness)
        } else {
            write_all_at(&self.file, &chunk.parts, offset)
        };
        match written {
            Ok(()) => {
                self.written_bytes
                    .store(offset + chunk.len() as u64, Ordering::Release);
                Ok(())
            }
            Err(errno) => {
                if let Err(error) = self.file.set_len(offset) {
                    tracing::warn!(segment.key = %self.key, %error, "surplus bytes stay in a segment");
                }
                Err(StorageError::from_errno("write", self.key, errno).with_key(self.key))
            }
        }
    }

    fn write_in_halves(
        &self,
        mut rest: Chunk,
        offset: u64,
        witness: &Witness,
    ) -> Result<(), Errno> {
        let first = rest.split_front(rest.len() / 2);
        write_all_at(&self.file, &first.parts, offset)?;
        witness.at("segment.write.partial");
        write_all_at(&self.file, &rest.parts, offset + first.len() as u64)
    }

    /// Makes the bytes written so far durable. Blocks.
    pub(super) fn sync(&self, witness: &Witness) -> Result<(), StorageError> {
        let mut failure = self
            .sync_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure.as_ref() {
            return Err(error.clone());
        }
        let size_bytes = self.written_bytes.load(Ordering::Acquire);
        if size_bytes == self.synced_bytes.load(Ordering::Acquire) {
            return Ok(());
        }
        witness.at("segment.sync.before");
        if let Err(errno) = rustix::fs::fdatasync(&self.file) {
            let error = StorageError::from_errno("sync", self.key, errno).with_key(self.key);
            *failure = Some(error.clone());
            return Err(error);
        }
        witness.at("segment.sync.after");
        witness.file_synced(&self.path, size_bytes)?;
        self.synced_bytes.store(size_bytes, Ordering::Release);
        Ok(())
    }

    /// Starts a sync in the background when `most_bytes` have gathered and none runs.
    pub(super) fn write_back(self: &Arc<Self>, most_bytes: u64, witness: &Arc<Witness>) {
        let written_bytes = self.written_bytes.load(Ordering::Acquire);
        let waiting_bytes = written_bytes - self.synced_bytes.load(Ordering::Acquire);
        if waiting_bytes < most_bytes || self.writes_back.swap(true, Ordering::AcqRel) {
            return;
        }
        let segment = Arc::clone(self);
        let witness = Arc::clone(witness);
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = segment.sync(&witness) {
                // The writer's own sync meets the kept failure and reports it.
                tracing::debug!(segment.key = %segment.key, %error, "early write-back failed");
            }
            segment.writes_back.store(false, Ordering::Release);
        }));
    }
}

fn write_all_at(file: &File, parts: &[Bytes], mut offset: u64) -> Result<(), Errno> {
    let mut slices: Vec<IoSlice<'_>> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| IoSlice::new(part))
        .collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let batch = rest.get(..MAX_SLICES).unwrap_or(rest);
        match rustix::io::pwritev(file, batch, offset) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                offset += written as u64;
                IoSlice::advance_slices(&mut rest, written);
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Opens a segment that exists and checks that it holds its recorded bytes. Blocks.
pub(super) fn open_existing(
    key: SegmentKey,
    path: &Path,
    recorded_bytes: u64,
    options: &OpenOptions,
) -> Result<(File, u64), StorageError> {
    let opened = options.open(path).and_then(|file| {
        let size_bytes = file.metadata()?.len();
        Ok((file, size_bytes))
    });
    let (file, size_bytes) =
        opened.map_err(|error| StorageError::from_io("open", key, &error).with_key(key))?;
    if size_bytes < recorded_bytes {
        return Err(shorter_than_recorded(key, size_bytes, recorded_bytes));
    }
    Ok((file, size_bytes))
}

/// What a segment that lost bytes is reported as, by every engine.
pub(crate) fn shorter_than_recorded(
    key: SegmentKey,
    size_bytes: u64,
    recorded_bytes: u64,
) -> StorageError {
    let text = format!("it has {size_bytes} bytes where {recorded_bytes} were recorded");
    StorageError::new(crate::StorageErrorKind::Damaged, "open", key, text).with_key(key)
}
