//! The data folder's outer layout, ownership and safe file writes.
//!
//! `<data_dir>/postgres` belongs to Slipway's own user; clusters, work folders and the socket
//! folder in it belong to the server's user. So when Slipway is root, nothing that root opens by
//! name can be swapped by the server's user, except inside a cluster: there files are only ever
//! replaced ([`replace_file`]), never opened and appended to.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{EmbeddedError, at};

/// Slipway's data folder with the part of it that is PostgreSQL's.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    /// Absolute, links resolved.
    pub(crate) data_dir: PathBuf,
    /// `<data_dir>/postgres`.
    pub(crate) root: PathBuf,
}

impl DataFolder {
    /// Makes the folder when it is missing, with its parents.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, EmbeddedError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(data_dir)
            .map_err(at(data_dir))?;
        let resolved = data_dir.canonicalize().map_err(at(data_dir))?;
        if resolved
            .to_str()
            .is_none_or(|text| text.contains(['\n', '\r']))
        {
            let reason = "the path is not UTF-8, or has a line break in it";
            let source = io::Error::new(io::ErrorKind::InvalidInput, reason);
            return Err(at(&resolved)(source));
        }
        Ok(Self {
            root: resolved.join("postgres"),
            data_dir: resolved,
        })
    }

    /// Makes `<data_dir>/postgres` and checks that `account` can enter it from the top.
    pub(crate) fn make_root(&self, account: &Account) -> Result<(), EmbeddedError> {
        if !self.root.is_dir() {
            DirBuilder::new()
                .mode(0o711)
                .create(&self.root)
                .map_err(at(&self.root))?;
            sync_folder(&self.data_dir)?;
        }
        check_searchable(&self.root, account)
    }

    /// The folder of the cluster of that major.
    pub(crate) fn cluster(&self, major: u32) -> PathBuf {
        self.root.join(major.to_string())
    }
}

/// Errors with the first folder from the top that `account` cannot enter.
pub(crate) fn check_searchable(folder: &Path, account: &Account) -> Result<(), EmbeddedError> {
    if !account.switches {
        return Ok(());
    }
    let mut from_the_top: Vec<&Path> = folder.ancestors().collect();
    from_the_top.reverse();
    for step in from_the_top {
        let metadata = fs::metadata(step).map_err(at(step))?;
        if !account.may_search(metadata.uid(), metadata.gid(), metadata.mode()) {
            return Err(EmbeddedError::NotSearchable {
                folder: step.to_owned(),
                user: account.label(),
            });
        }
    }
    Ok(())
}

/// Makes an empty folder, 0700, that belongs to `account`; it must not exist.
pub(crate) fn make_private(folder: &Path, account: &Account) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)?;
    if account.switches {
        lchown(folder, Some(account.uid), Some(account.gid))?;
    }
    Ok(())
}

/// Sees to it that a cluster or socket folder belongs to `account` and is closed to others.
///
/// Volumes of container platforms come back with group bits set; PostgreSQL then refuses.
pub(crate) fn claim_private(folder: &Path, account: &Account) -> Result<(), EmbeddedError> {
    let metadata = fs::symlink_metadata(folder).map_err(at(folder))?;
    if metadata.uid() != account.uid {
        if !account.switches {
            return Err(EmbeddedError::ClusterOwner {
                folder: folder.to_owned(),
                owner: metadata.uid(),
                uid: account.uid,
            });
        }
        tracing::info!(
            postgres.folder = %folder.display(),
            postgres.user = account.label(),
            "giving a folder to the user that runs PostgreSQL"
        );
        give_tree(folder, account).map_err(at(folder))?;
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(at(folder))?;
    }
    Ok(())
}

/// Changes the owner of `path` and of all below it; links are changed, not followed.
fn give_tree(path: &Path, account: &Account) -> io::Result<()> {
    let mut pending = vec![path.to_path_buf()];
    while let Some(next) = pending.pop() {
        if fs::symlink_metadata(&next)?.is_dir() {
            for entry in fs::read_dir(&next)? {
                pending.push(entry?.path());
            }
        }
        lchown(&next, Some(account.uid), Some(account.gid))?;
    }
    Ok(())
}

/// Replaces `path` by a file with `content`, synced, 0600; it then belongs to `owner`.
pub(crate) fn replace_file(
    path: &Path,
    content: &[u8],
    owner: Option<&Account>,
) -> Result<(), EmbeddedError> {
    let fresh = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        if let Some(account) = owner.filter(|account| account.switches) {
            lchown(&fresh, Some(account.uid), Some(account.gid))?;
        }
        fs::rename(&fresh, path)
    };
    write().map_err(at(path))
}

/// Makes the names in `folder` as durable as their files.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), EmbeddedError> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(at(folder))
}

/// Removes a folder with all in it; a missing one is fine.
pub(crate) fn remove_tree(folder: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_place_of_the_file_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let path = folder.path().join("slipway.conf");
        fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();

        replace_file(&path, b"new", None).unwrap();

        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    }
}
