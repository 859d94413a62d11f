//! Free space of the disk, asked at most once a second.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StorageError;

const FRESH: Duration = Duration::from_secs(1);

pub(crate) struct FreeSpace {
    path: PathBuf,
    last: Mutex<Option<(Instant, u64)>>,
}

impl FreeSpace {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            last: Mutex::new(None),
        }
    }

    /// Bytes an unprivileged process may still write; at most a second old. Blocks.
    pub(crate) fn free_bytes(&self) -> Result<u64, StorageError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked_at, free_bytes)) = *last
            && asked_at.elapsed() < FRESH
        {
            return Ok(free_bytes);
        }
        let free_bytes = ask(&self.path)?;
        *last = Some((Instant::now(), free_bytes));
        Ok(free_bytes)
    }
}

/// Asks the file system of `path`. Blocks.
fn ask(path: &std::path::Path) -> Result<u64, StorageError> {
    let answer = rustix::fs::statvfs(path);
    let answer =
        answer.map_err(|errno| StorageError::from_errno("measure", path.display(), errno))?;
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}
