//! The exclusive lock on a data folder.
//!
//! `flock` on `<data_dir>/slipway.lock`, held as long as the value lives. The kernel drops it
//! with the process, so there is no stale lock; the pid in the file is for the error text only.
//! Children do not inherit the descriptor, so a server left behind does not hold it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::error::{EmbeddedError, at};

const LOCK_FILE: &str = "slipway.lock";

/// Proof that this process alone works on a data folder.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock on `data_dir`, which must exist.
    ///
    /// # Errors
    /// [`EmbeddedError::Locked`] when another holder lives (this process included), and
    /// [`EmbeddedError::DataFolder`] when the file cannot be written.
    pub fn acquire(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(&path)
            .map_err(at(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(EmbeddedError::Locked { path, pid });
            }
            Err(errno) => return Err(at(&path)(errno.into())),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(at(&path))?;
        Ok(Self { _file: file })
    }
}
