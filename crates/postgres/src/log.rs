//! The server's log file.
//!
//! The server writes to the descriptor it is given; it never opens the file, so the file belongs
//! to Slipway's own user. Rotated once at start, when it has grown past ten mebibytes.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{EmbeddedError, at};
use crate::launcher::tail_text;

const ROTATE_ABOVE_BYTES: u64 = 10 << 20;

/// Where the server's output goes.
#[derive(Debug, Clone)]
pub(crate) struct ServerLog {
    path: PathBuf,
}

impl ServerLog {
    /// The log in `folder`; a large one is moved to `server.log.1` first.
    pub(crate) fn open(folder: &Path) -> Result<Self, EmbeddedError> {
        let path = folder.join("server.log");
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > ROTATE_ABOVE_BYTES) {
            fs::rename(&path, folder.join("server.log.1")).map_err(at(&path))?;
        }
        Ok(Self { path })
    }

    /// A handle that appends, and the size before anything is appended.
    pub(crate) fn append(&self) -> Result<(File, u64), EmbeddedError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path);
        let file = file.map_err(at(&self.path))?;
        let size_bytes = file.metadata().map_err(at(&self.path))?.len();
        Ok((file, size_bytes))
    }

    /// The end of what was written after `from_bytes`.
    pub(crate) fn tail(&self, from_bytes: u64) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            let size_bytes = file.metadata()?.len();
            file.seek(SeekFrom::Start(
                from_bytes.max(size_bytes.saturating_sub(4096)),
            ))?;
            file.read_to_end(&mut text)
        });
        match read {
            Ok(_) => tail_text(&text),
            Err(error) => format!("(no log: {error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_is_moved_aside_and_a_small_one_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        fs::write(&path, "small").unwrap();
        ServerLog::open(folder.path()).unwrap();
        assert!(path.exists());

        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(ROTATE_ABOVE_BYTES + 1)
            .unwrap();
        let log = ServerLog::open(folder.path()).unwrap();
        assert!(!path.exists());
        assert!(folder.path().join("server.log.1").exists());
        assert_eq!(log.append().unwrap().1, 0);
    }

    #[test]
    fn the_tail_starts_where_the_attempt_did() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.log"), "before\nafter\n").unwrap();
        let log = ServerLog::open(folder.path()).unwrap();
        assert_eq!(log.tail(7), "after");
    }
}
