//! The folder of the unix socket: who may enter it is the only access control there is.
//!
//! `<data_dir>/postgres/run` when its path fits the 107 bytes of a socket address, else a folder
//! with a random name in `$XDG_RUNTIME_DIR` or `/tmp`, noted in `<data_dir>/postgres/socket` so
//! that the next start can use it again. 0700, owned by the server's user, never a link.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{EmbeddedError, at};
use crate::folder::{check_searchable, claim_private, make_private, replace_file};
use crate::settings::PORT;

/// Bytes of a path in `sockaddr_un`, without the final zero.
const SOCKET_PATH_LIMIT_BYTES: usize = 107;
const NOTE: &str = "socket";

/// Makes or checks the folder and answers it.
pub(crate) fn prepare(
    root: &Path,
    wanted: Option<&Path>,
    account: &Account,
) -> Result<PathBuf, EmbeddedError> {
    if let Some(folder) = wanted {
        return prepare_wanted(folder, account);
    }
    let inside = root.join("run");
    if fits(&inside) {
        match make_private(&inside, account) {
            Ok(()) => return Ok(inside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(&inside)(error)),
        }
        claim_private(&inside, account)?;
        return Ok(inside);
    }
    let note = root.join(NOTE);
    if let Ok(text) = fs::read_to_string(&note) {
        let noted = PathBuf::from(text.trim_end_matches('\n'));
        if fits(&noted) && is_private(&noted, account) {
            return Ok(noted);
        }
    }
    let folder = make_random(account)?;
    replace_file(&note, format!("{}\n", folder.display()).as_bytes(), None)?;
    Ok(folder)
}

/// Removes a folder that [`prepare`] made outside the data folder, once the server is stopped.
pub(crate) fn forget(root: &Path, folder: &Path) {
    let note = root.join(NOTE);
    let noted = fs::read_to_string(&note).unwrap_or_default();
    if Path::new(noted.trim_end_matches('\n')) != folder {
        return;
    }
    let removed = fs::remove_dir(folder).and_then(|()| fs::remove_file(&note));
    if let Err(error) = removed {
        tracing::warn!(postgres.socket_dir = %folder.display(), %error, "socket folder stays");
    }
}

fn prepare_wanted(folder: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let refuse = |reason: String| EmbeddedError::SocketFolder {
        path: folder.to_owned(),
        reason,
    };
    match make_private(folder, account) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refuse(error.to_string())),
    }
    let resolved = folder
        .canonicalize()
        .map_err(|error| refuse(error.to_string()))?;
    if resolved.to_str().is_none() {
        return Err(refuse("the path is not UTF-8".to_owned()));
    }
    if !fits(&resolved) {
        return Err(refuse(format!(
            "a socket's path has at most {SOCKET_PATH_LIMIT_BYTES} bytes, this one is longer"
        )));
    }
    let metadata = fs::metadata(&resolved).map_err(|error| refuse(error.to_string()))?;
    if metadata.uid() != account.uid {
        return Err(refuse(format!(
            "it does not belong to user `{}`",
            account.label()
        )));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(refuse(
            "others may write to it, and so put a socket of theirs there".to_owned(),
        ));
    }
    check_searchable(&resolved, account)?;
    Ok(resolved)
}

/// A new private folder with a short, unguessable name.
fn make_random(account: &Account) -> Result<PathBuf, EmbeddedError> {
    let mut parents = Vec::new();
    // Root's runtime folder is closed to the user that root changes to.
    if !account.switches
        && let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR")
    {
        parents.push(PathBuf::from(runtime));
    }
    parents.push(PathBuf::from("/tmp"));
    let mut last_error = None;
    for parent in parents {
        let folder = parent.join(format!("slipway-{:016x}", rand::random::<u64>()));
        if !folder.is_absolute() || folder.to_str().is_none() || !fits(&folder) {
            continue;
        }
        match make_private(&folder, account) {
            Ok(()) => return Ok(folder),
            Err(error) => last_error = Some(at(&folder)(error)),
        }
    }
    Err(last_error.unwrap_or_else(|| EmbeddedError::SocketFolder {
        path: PathBuf::from("/tmp"),
        reason: "no short folder for a socket".to_owned(),
    }))
}

fn fits(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    socket.as_os_str().as_bytes().len() <= SOCKET_PATH_LIMIT_BYTES
}

/// Whether it is a folder, not a link, of `account` alone.
fn is_private(folder: &Path, account: &Account) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == account.uid && metadata.mode() & 0o077 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oneself() -> Account {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        Account {
            uid,
            gid,
            name: None,
            switches: false,
        }
    }

    #[test]
    fn the_limit_is_on_the_socket_and_not_on_the_folder() {
        let longest = format!("/{}", "d".repeat(107 - 1 - "/.s.PGSQL.5432".len()));
        assert!(fits(Path::new(&longest)));
        assert!(!fits(Path::new(&format!("{longest}d"))));
    }

    #[test]
    fn a_folder_that_others_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();

        let refusal = prepare(parent.path(), Some(&folder), &oneself()).unwrap_err();

        assert!(
            matches!(refusal, EmbeddedError::SocketFolder { .. }),
            "{refusal}"
        );
    }

    #[test]
    fn a_noted_folder_is_used_again_and_a_foreign_one_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("r".repeat(120));
        fs::create_dir(&root).unwrap();

        let first = prepare(&root, None, &oneself()).unwrap();
        let again = prepare(&root, None, &oneself()).unwrap();
        fs::set_permissions(&first, fs::Permissions::from_mode(0o755)).unwrap();
        let other = prepare(&root, None, &oneself()).unwrap();

        assert_eq!(first, again);
        assert_ne!(first, other);
        fs::remove_dir(&first).unwrap();
        forget(&root, &other);
        assert!(!other.exists());
    }
}
