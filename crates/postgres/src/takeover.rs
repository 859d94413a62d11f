//! Ending what an earlier run has left behind, so that there are never two servers.
//!
//! After `kill -9` of Slipway its postmaster lives on; after `kill -9` of the postmaster a busy
//! child may. The caller holds the folder lock, so whatever PostgreSQL process works below
//! `<data_dir>/postgres` is left over. Order: postmasters (by pid file) fast, then immediate;
//! then the rest; and only when none is left are pid files removed. PostgreSQL's own check stops
//! at a pid that another program has got; ours looks at what the process is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::error::{EmbeddedError, at};
use crate::processes::{has_proc, is_taken, list_below, send, works_below};

const PID_FILE: &str = "postmaster.pid";
const FAST_STOP: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);
const ORPHAN_STOP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// Ends every PostgreSQL process at work below `root` and removes the pid files it leaves.
///
/// # Errors
/// `StillRunning` when processes stay after SIGKILL, belong to another user, or cannot be told
/// from other programs because the system has no `/proc`.
pub(crate) async fn clear(root: &Path) -> Result<(), EmbeddedError> {
    let pid_files = list_pid_files(root);
    for (_, pid) in &pid_files {
        let Some(pid) = *pid else { continue };
        if !has_proc() && is_taken(pid) {
            return Err(EmbeddedError::StillRunning { pids: vec![pid] });
        }
        if works_below(pid, root) {
            tracing::warn!(
                postgres.pid = pid,
                "stopping a PostgreSQL server of an earlier run"
            );
            stop_postmaster(pid, root).await;
        }
    }
    end_orphans(root).await?;
    for (path, _) in &pid_files {
        if path.exists() {
            tracing::warn!(postgres.pid_file = %path.display(), "removing a stale pid file");
            fs::remove_file(path).map_err(at(path))?;
        }
    }
    Ok(())
}

/// Fast, then immediate, then by force; returns when it is gone or nothing helped.
async fn stop_postmaster(pid: u32, root: &Path) {
    let steps = [
        (Signal::INT, FAST_STOP),
        (Signal::QUIT, IMMEDIATE_STOP),
        (Signal::KILL, ORPHAN_STOP),
    ];
    for (signal, patience) in steps {
        send(pid, signal);
        let deadline = Instant::now() + patience;
        while works_below(pid, root) && Instant::now() < deadline {
            sleep(POLL).await;
        }
        if !works_below(pid, root) {
            return;
        }
    }
}

/// Waits for processes without a postmaster to end by themselves, then helps.
async fn end_orphans(root: &Path) -> Result<(), EmbeddedError> {
    // Without their postmaster they see its death and leave; one busy with a query may not.
    let steps = [None, Some(Signal::QUIT), Some(Signal::KILL)];
    for signal in steps {
        let left = list_below(root);
        if let Some(signal) = signal {
            left.iter().for_each(|pid| send(*pid, signal));
        }
        let patience = if signal.is_none() {
            Duration::from_secs(1)
        } else {
            ORPHAN_STOP
        };
        let deadline = Instant::now() + patience;
        while !list_below(root).is_empty() && Instant::now() < deadline {
            sleep(POLL).await;
        }
        if list_below(root).is_empty() {
            return Ok(());
        }
    }
    Err(EmbeddedError::StillRunning {
        pids: list_below(root),
    })
}

/// Pid files of clusters in `root` and, one level deeper, in work folders of an upgrade.
fn list_pid_files(root: &Path) -> Vec<(PathBuf, Option<u32>)> {
    let mut found = Vec::new();
    for folder in list_folders(root) {
        for cluster in list_folders(&folder).into_iter().chain([folder]) {
            let path = cluster.join(PID_FILE);
            if let Ok(text) = fs::read_to_string(&path) {
                found.push((path, parse_pid(&text)));
            }
        }
    }
    found
}

fn list_folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// First line of a pid file; single-user servers write their pid negated.
fn parse_pid(text: &str) -> Option<u32> {
    text.lines()
        .next()?
        .trim()
        .trim_start_matches('-')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::parse_pid;

    #[test]
    fn pids_are_read_from_whole_and_broken_files() {
        assert_eq!(
            parse_pid("4711\n/data/postgres/15\n1700000000\n"),
            Some(4711)
        );
        assert_eq!(parse_pid("-12\n"), Some(12));
        assert_eq!(parse_pid(""), None);
        assert_eq!(parse_pid("x\n"), None);
    }
}
