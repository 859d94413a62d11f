//! A uid without a passwd entry, as container platforms such as `OpenShift` give.
//!
//! `initdb` and `pg_upgrade` ask for the name of their uid and stop when there is none. Two ways
//! give it one: an `/etc/passwd` that the image has made writable (group 0, as `OpenShift`
//! images do; that permission is the consent) gets a line, else `libnss_wrapper.so` is loaded
//! into those programs with a passwd file of ours. The server itself needs neither.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::account::{Account, PASSWD_FILE, list_entries};
use crate::error::{EmbeddedError, at};
use crate::folder::replace_file;

/// Environment that lets the server programs find a name for their uid.
pub(crate) type NameEnvironment = Vec<(&'static str, OsString)>;

/// Gives `account` a name where it has none; answers what its programs need in the environment.
///
/// `folder` takes the passwd and group files of the wrapper.
pub(crate) fn give_name(
    account: &Account,
    folder: &Path,
) -> Result<NameEnvironment, EmbeddedError> {
    if account.name.is_some() {
        return Ok(Vec::new());
    }
    if append_entry(Path::new(PASSWD_FILE), account) {
        tracing::info!(postgres.uid = account.uid, "added this uid to /etc/passwd");
        return Ok(Vec::new());
    }
    let Some(library) = find_wrapper() else {
        return Err(EmbeddedError::NamelessUid { uid: account.uid });
    };
    let passwd_path = folder.join("nss-passwd");
    let group_path = folder.join("nss-group");
    let mut passwd = fs::read(PASSWD_FILE).unwrap_or_default();
    passwd.extend_from_slice(render_entry(Path::new(PASSWD_FILE), account).as_bytes());
    let group_source = Path::new("/etc/group");
    let group = fs::read(group_source).map_err(at(group_source))?;
    replace_file(&passwd_path, &passwd, None)?;
    replace_file(&group_path, &group, None)?;
    Ok(vec![
        ("LD_PRELOAD", library.into_os_string()),
        ("NSS_WRAPPER_PASSWD", passwd_path.into_os_string()),
        ("NSS_WRAPPER_GROUP", group_path.into_os_string()),
    ])
}

/// Adds a line for `account` when the file's permissions allow it to this process.
fn append_entry(passwd: &Path, account: &Account) -> bool {
    let Ok(mut file) = OpenOptions::new().append(true).open(passwd) else {
        return false;
    };
    file.write_all(render_entry(passwd, account).as_bytes())
        .is_ok()
}

/// The passwd line for `account`, under a name that the file does not have yet.
fn render_entry(passwd: &Path, account: &Account) -> String {
    let entries = list_entries(passwd);
    let taken = entries.iter().any(|entry| entry.name == "slipway");
    let name = if taken {
        format!("slipway{}", account.uid)
    } else {
        "slipway".to_owned()
    };
    let ends_open = fs::read(passwd).is_ok_and(|text| text.last().is_some_and(|end| *end != b'\n'));
    let separator = if ends_open { "\n" } else { "" };
    format!(
        "{separator}{name}:x:{}:{}:Slipway:/:/sbin/nologin\n",
        account.uid, account.gid
    )
}

/// The wrapper library, in the folders of the distributions.
fn find_wrapper() -> Option<PathBuf> {
    const NAME: &str = "libnss_wrapper.so";
    let mut folders: Vec<PathBuf> = ["/usr/lib64", "/usr/lib", "/lib64", "/lib", "/usr/local/lib"]
        .into_iter()
        .map(PathBuf::from)
        .collect();
    // Debian keeps libraries in one folder per architecture below /usr/lib.
    if let Ok(entries) = fs::read_dir("/usr/lib") {
        let triplets = entries.flatten().map(|entry| entry.path());
        folders.extend(triplets.filter(|path| path.to_string_lossy().contains("-linux-")));
    }
    folders
        .into_iter()
        .map(|folder| folder.join(NAME))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nameless() -> Account {
        Account {
            uid: 12_345,
            gid: 0,
            name: None,
            switches: false,
        }
    }

    #[test]
    fn a_writable_passwd_file_gets_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let passwd = folder.path().join("passwd");
        fs::write(&passwd, "root:x:0:0:root:/root:/bin/sh").unwrap();

        assert!(append_entry(&passwd, &nameless()));

        let text = fs::read_to_string(&passwd).unwrap();
        assert_eq!(
            text,
            "root:x:0:0:root:/root:/bin/sh\nslipway:x:12345:0:Slipway:/:/sbin/nologin\n"
        );
    }

    #[test]
    fn a_name_that_is_taken_is_not_used_twice() {
        let folder = tempfile::tempdir().unwrap();
        let passwd = folder.path().join("passwd");
        fs::write(&passwd, "slipway:x:7:7::/:/bin/sh\n").unwrap();

        assert!(append_entry(&passwd, &nameless()));

        let names: Vec<String> = list_entries(&passwd)
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["slipway", "slipway12345"]);
    }

    #[test]
    fn a_missing_passwd_file_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let passwd = folder.path().join("passwd");
        assert!(!append_entry(&passwd, &nameless()));
        assert!(!passwd.exists());
    }
}
