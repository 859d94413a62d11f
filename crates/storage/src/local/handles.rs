//! Open files of finished segments, kept for the next reader.
//!
//! Segments are immutable, so a handle is good until its segment is deleted. A reader that opened
//! a file while a delete ran must not put it back: that would keep deleted bytes on the disk. The
//! count of deletes tells it.

use std::fs::{File, OpenOptions};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::segment::open_existing;
use crate::error::StorageError;
use crate::key::SegmentKey;
use crate::read::{LocalPart, Piece};

pub(super) struct Handles {
    /// Absent when no handle may be kept.
    kept: Option<Mutex<Kept>>,
}

struct Kept {
    handles: LruCache<SegmentKey, Handle>,
    deletes: u64,
}

#[derive(Clone)]
struct Handle {
    file: Arc<File>,
    size_bytes: u64,
}

impl Handles {
    pub(super) fn new(most: usize) -> Self {
        let kept = NonZeroUsize::new(most).map(|most| {
            Mutex::new(Kept {
                handles: LruCache::new(most),
                deletes: 0,
            })
        });
        Self { kept }
    }

    /// The part for `piece`, when its file is open already and long enough.
    pub(super) fn find(&self, piece: &Piece) -> Option<LocalPart> {
        let mut kept = self
            .kept
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let handle = kept.handles.get(&piece.key)?;
        (handle.size_bytes >= piece.end()).then(|| handle.part(piece))
    }

    /// Opens the file of `piece` and keeps it, when that takes no disk access.
    ///
    /// Sparing the trip to the blocking pool makes a small read several times cheaper. Every
    /// failure, that of an old kernel too, is left for [`Handles::open`] to meet and name.
    pub(super) fn open_cached(&self, piece: &Piece, path: &Path) -> Option<LocalPart> {
        let deletes_before = self.deletes();
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let opened = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED);
        let file = File::from(opened.ok()?);
        let size_bytes = file.metadata().ok()?.len();
        (size_bytes >= piece.end()).then(|| self.share(piece, file, size_bytes, deletes_before))
    }

    /// Opens the file of `piece` and keeps it. Blocks.
    pub(super) fn open(&self, piece: &Piece, path: &Path) -> Result<LocalPart, StorageError> {
        let deletes_before = self.deletes();
        let mut options = OpenOptions::new();
        options.read(true);
        let (file, size_bytes) = open_existing(piece.key, path, piece.end(), &options)?;
        Ok(self.share(piece, file, size_bytes, deletes_before))
    }

    fn share(&self, piece: &Piece, file: File, size_bytes: u64, deletes_before: u64) -> LocalPart {
        let handle = Handle {
            file: Arc::new(file),
            size_bytes,
        };
        let part = handle.part(piece);
        self.keep(piece.key, handle, deletes_before);
        part
    }

    /// Forgets deleted segments; call it after their files are gone.
    pub(super) fn forget(&self, keys: &[SegmentKey]) {
        if let Some(kept) = &self.kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.deletes += 1;
            for key in keys {
                kept.handles.pop(key);
            }
        }
    }

    fn deletes(&self) -> u64 {
        let kept = self.kept.as_ref();
        kept.map_or(0, |kept| {
            kept.lock().unwrap_or_else(PoisonError::into_inner).deletes
        })
    }

    fn keep(&self, key: SegmentKey, handle: Handle, deletes_before: u64) {
        if let Some(kept) = &self.kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.deletes == deletes_before {
                kept.handles.put(key, handle);
            }
        }
    }
}

impl Handle {
    fn part(&self, piece: &Piece) -> LocalPart {
        LocalPart {
            file: Arc::clone(&self.file),
            offset: piece.offset,
            len: piece.len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::BatchId;

    fn piece(key: SegmentKey) -> Piece {
        Piece {
            key,
            offset: 1,
            len: 2,
        }
    }

    #[test]
    fn a_kept_file_is_found_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"abc").unwrap();
        let key = SegmentKey::new(BatchId(1));
        let handles = Handles::new(2);
        assert!(handles.find(&piece(key)).is_none());
        handles.open(&piece(key), &path).unwrap();
        assert!(handles.find(&piece(key)).is_some());
        handles.forget(&[key]);
        assert!(handles.find(&piece(key)).is_none());
    }

    #[test]
    fn a_file_opened_while_another_call_deletes_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"abc").unwrap();
        let key = SegmentKey::new(BatchId(1));
        let handles = Handles::new(2);
        let deletes_before = handles.deletes();
        let file = Arc::new(File::open(&path).unwrap());
        handles.forget(&[key]);
        handles.keep(
            key,
            Handle {
                file,
                size_bytes: 3,
            },
            deletes_before,
        );
        assert!(handles.find(&piece(key)).is_none());
    }

    #[test]
    fn no_more_files_stay_open_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"abc").unwrap();
        let keys: Vec<SegmentKey> = (0..5).map(|_| SegmentKey::new(BatchId(1))).collect();
        for (most, expected) in [(0, 0), (2, 2)] {
            let handles = Handles::new(most);
            for key in &keys {
                handles.open(&piece(*key), &path).unwrap();
            }
            let found = keys
                .iter()
                .filter(|key| handles.find(&piece(**key)).is_some())
                .count();
            assert_eq!(found, expected);
        }
    }
}
