//! Folders and their syncs.
//!
//! A new file survives power loss only when its folder was synced after the file was made, and the
//! folder itself only when its own parent was. [`Folder`] knows both and groups the syncs of
//! concurrent commits.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::group_sync::GroupSync;
use super::witness::Witness;
use crate::error::StorageError;

pub(super) struct Folder {
    pub(super) path: PathBuf,
    sync: GroupSync,
    parent: Option<Arc<Folder>>,
    /// Whether the parent was synced after this folder was made.
    parent_synced: AtomicBool,
}

impl Folder {
    /// Makes the folder when it is missing. Blocks.
    pub(super) fn make(
        path: PathBuf,
        parent: Option<Arc<Folder>>,
        witness: &Arc<Witness>,
    ) -> Result<Arc<Self>, StorageError> {
        make_folder(&path, witness)?;
        let target = path.clone();
        let witness = Arc::clone(witness);
        let sync = GroupSync::new(move || sync_folder(&target, &witness));
        Ok(Arc::new(Self {
            path,
            sync,
            parent,
            parent_synced: AtomicBool::new(false),
        }))
    }

    /// Makes every entry that exists now durable, and the folder itself.
    pub(super) async fn sync(&self) -> Result<(), StorageError> {
        if let Some(parent) = &self.parent
            && !self.parent_synced.load(Ordering::Acquire)
        {
            parent.sync.sync().await?;
            self.parent_synced.store(true, Ordering::Release);
        }
        self.sync.sync().await
    }
}

fn make_folder(path: &Path, witness: &Witness) -> Result<(), StorageError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => witness.entry_made(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StorageError::from_io("make folder", path.display(), &error)),
    }
}

/// Syncs a folder of segments. Blocks.
fn sync_folder(path: &Path, witness: &Witness) -> Result<(), StorageError> {
    witness.at("segment.dir_sync.before");
    sync_root(path, witness)?;
    witness.at("segment.dir_sync.after");
    Ok(())
}

/// Syncs a folder above those of segments, which happens at start only. Blocks.
pub(super) fn sync_root(path: &Path, witness: &Witness) -> Result<(), StorageError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StorageError::from_io("sync folder", path.display(), &error))?;
    witness.folder_synced(path)
}
