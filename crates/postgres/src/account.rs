//! Whose uid the server programs run under.
//!
//! PostgreSQL refuses to run as root, so root picks an unprivileged user; anyone else runs it as
//! oneself. `/etc/passwd` is parsed here; users known only to a name service (LDAP, sssd) are
//! asked of `getent`, when the host has it.

use std::fs;
use std::path::Path;

use tokio::process::Command;

use crate::error::EmbeddedError;

pub(crate) const PASSWD_FILE: &str = "/etc/passwd";

/// The user that runs PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// `None` for a uid without a passwd entry.
    pub(crate) name: Option<String>,
    /// Whether children must change to this user.
    pub(crate) switches: bool,
}

/// Name, uid and gid of one passwd line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswdEntry {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The user to run as: `run_as`, `postgres` or `nobody` for root, oneself for others.
    pub(crate) async fn choose(run_as: Option<&str>) -> Result<Self, EmbeddedError> {
        let uid = rustix::process::geteuid().as_raw();
        if uid == 0 {
            return Self::choose_for_root(run_as).await;
        }
        let own_entry = find_entry(&uid.to_string()).await;
        let name = own_entry.map(|entry| entry.name);
        if let Some(user) = run_as
            && name.as_deref() != Some(user)
        {
            return Err(EmbeddedError::RunAs {
                user: user.to_owned(),
                reason: format!("only root can change users, and this is uid {uid}"),
            });
        }
        let gid = rustix::process::getegid().as_raw();
        Ok(Self {
            uid,
            gid,
            name,
            switches: false,
        })
    }

    async fn choose_for_root(run_as: Option<&str>) -> Result<Self, EmbeddedError> {
        let wanted: &[&str] = match &run_as {
            Some(user) => &[user],
            None => &["postgres", "nobody"],
        };
        for user in wanted {
            let Some(entry) = find_entry(user).await else {
                continue;
            };
            if entry.uid == 0 {
                return Err(EmbeddedError::RunAs {
                    user: (*user).to_owned(),
                    reason: "PostgreSQL refuses to run as root".to_owned(),
                });
            }
            let name = Some(entry.name);
            return Ok(Self {
                uid: entry.uid,
                gid: entry.gid,
                name,
                switches: true,
            });
        }
        Err(EmbeddedError::RunAs {
            user: wanted.join("`, `"),
            reason: "no such user on this host".to_owned(),
        })
    }

    /// Name, or the uid where there is none.
    pub(crate) fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.uid.to_string())
    }

    /// Whether mode bits let this user search a folder of that owner, group and mode.
    pub(crate) fn may_search(&self, owner: u32, group: u32, mode: u32) -> bool {
        let bit = if owner == self.uid {
            0o100
        } else if group == self.gid {
            0o010
        } else {
            0o001
        };
        mode & bit != 0
    }
}

/// Entry of the user whose name or uid is `key`.
async fn find_entry(key: &str) -> Option<PasswdEntry> {
    let entries = list_entries(Path::new(PASSWD_FILE));
    let matches = |entry: &&PasswdEntry| entry.name == key || entry.uid.to_string() == key;
    if let Some(entry) = entries.iter().find(matches) {
        return Some(entry.clone());
    }
    let answer = Command::new("getent")
        .arg("passwd")
        .arg(key)
        .output()
        .await
        .ok()?;
    String::from_utf8_lossy(&answer.stdout)
        .lines()
        .find_map(parse_entry)
}

/// All entries of a passwd file; an unreadable file has none.
pub(crate) fn list_entries(path: &Path) -> Vec<PasswdEntry> {
    let text = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(parse_entry)
        .collect()
}

/// Reads `name:password:uid:gid:…`; comments and broken lines are skipped.
fn parse_entry(line: &str) -> Option<PasswdEntry> {
    let mut fields = line.split(':');
    let name = fields.next()?.trim();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    if name.is_empty() || name.starts_with('#') {
        return None;
    }
    Some(PasswdEntry {
        name: name.to_owned(),
        uid,
        gid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_lines_are_read_and_broken_ones_skipped() {
        let entry = parse_entry("postgres:x:101:104:PostgreSQL administrator,,,:/var/lib:/bin/sh");
        assert_eq!(
            entry,
            Some(PasswdEntry {
                name: "postgres".to_owned(),
                uid: 101,
                gid: 104
            })
        );
        assert_eq!(parse_entry(""), None);
        assert_eq!(parse_entry("# a comment:x:1:1"), None);
        assert_eq!(parse_entry("+::::::"), None);
        assert_eq!(parse_entry("short:x:12"), None);
    }

    #[test]
    fn the_most_specific_mode_bits_decide() {
        let account = Account {
            uid: 5,
            gid: 6,
            name: None,
            switches: true,
        };
        assert!(account.may_search(5, 0, 0o700));
        assert!(!account.may_search(5, 6, 0o011));
        assert!(account.may_search(0, 6, 0o710));
        assert!(!account.may_search(0, 6, 0o701));
        assert!(account.may_search(0, 0, 0o701));
        assert!(!account.may_search(0, 0, 0o770));
    }
}
