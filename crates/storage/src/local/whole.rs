//! Syncing the whole file system of the root: what mode `Os` does now and then.
//!
//! The folder is opened once and kept: the kernel reports a failed write-back to each open file
//! description once, and one that is opened after the failure may never hear of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::group_sync::GroupSync;
use super::witness::Witness;
use crate::error::StorageError;

/// Makes the sync that all callers share.
pub(super) fn group(root: &Path, witness: Arc<Witness>) -> Result<GroupSync, StorageError> {
    let root = root.to_owned();
    let place = File::open(&root);
    let place = place.map_err(|error| StorageError::from_io("open", root.display(), &error))?;
    Ok(GroupSync::new(move || sync(&place, &root, &witness)))
}

/// Blocks.
fn sync(place: &File, root: &Path, witness: &Witness) -> Result<(), StorageError> {
    // Looked at before the sync begins: bytes that come later need not be covered.
    let covered = if witness.is_journaled() {
        list_sizes(&root.join("seg"))
            .map_err(|error| StorageError::from_io("list", root.display(), &error))?
    } else {
        Vec::new()
    };
    rustix::fs::syncfs(place)
        .map_err(|errno| StorageError::from_errno("sync", root.display(), errno))?;
    for (path, size_bytes) in covered {
        witness.entry_synced(&path)?;
        if let Some(size_bytes) = size_bytes {
            witness.file_synced(&path, size_bytes)?;
        }
    }
    Ok(())
}

/// Everything below `folder`, files with their sizes.
fn list_sizes(folder: &Path) -> std::io::Result<Vec<(PathBuf, Option<u64>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // What is deleted while we look needs no cover.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            found.push((entry.path(), None));
            match list_sizes(&entry.path()) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                below => found.extend(below?),
            }
        } else {
            found.push((entry.path(), Some(metadata.len())));
        }
    }
    Ok(found)
}
