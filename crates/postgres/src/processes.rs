//! Which PostgreSQL processes work below a folder, by `/proc`.
//!
//! A postmaster and all its children have the cluster as working folder, which tells them from
//! another program that has got the same pid since. Zombies do not count: they have no working
//! folder. On systems without `/proc` nothing is listed, and [`has_proc`] says so.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Tools that would go on writing to a folder when Slipway has been killed.
const WRITING_TOOLS: [&str; 2] = ["initdb", "pg_upgrade"];

/// Whether processes can be looked up at all.
pub(crate) fn has_proc() -> bool {
    Path::new("/proc/self/cwd").exists()
}

/// Pids of servers, their children and writing tools that work in or below `root`.
pub(crate) fn list_below(root: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| works_below(*pid, root)).collect()
}

/// Whether that process is one of PostgreSQL's, at work in or below `root`.
pub(crate) fn works_below(pid: u32, root: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(name) = fs::read_to_string(process.join("comm")) else {
        return false;
    };
    let name = name.trim();
    let Ok(work_dir) = fs::read_link(process.join("cwd")) else {
        return false;
    };
    if name == "postgres" || name == "postmaster" {
        return work_dir.starts_with(root) || names_folder(&process, root);
    }
    WRITING_TOOLS.contains(&name) && names_folder(&process, root)
}

/// Whether an argument of the process is a path in or below `root`.
///
/// Covers a postmaster that has not changed to its cluster yet.
fn names_folder(process: &Path, root: &Path) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .any(|argument| names_path(argument, root))
}

/// Whether an argument is such a path, alone or as the value of `--option=`.
fn names_path(argument: &[u8], root: &Path) -> bool {
    let value = argument
        .splitn(2, |byte| *byte == b'=')
        .nth(1)
        .unwrap_or_default();
    [argument, value]
        .iter()
        .any(|text| Path::new(OsStr::from_bytes(text)).starts_with(root))
}

/// Whether the pid is taken by any process, as far as this user can tell.
pub(crate) fn is_taken(pid: u32) -> bool {
    let Some(pid) = to_pid(pid) else { return false };
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Sends a signal; a process that is gone is fine, and so is one that refuses.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Some(target) = to_pid(pid)
        && let Err(errno) = kill_process(target, signal)
        && errno != rustix::io::Errno::SRCH
    {
        tracing::warn!(postgres.pid = pid, error = %errno, "cannot signal a PostgreSQL process");
    }
}

fn to_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_alone_and_in_an_option() {
        let root = Path::new("/data/postgres");
        assert!(names_path(b"/data/postgres/15", root));
        assert!(names_path(b"--pgdata=/data/postgres/.init-15-0", root));
        assert!(!names_path(b"--pgdata=/data/postgres2", root));
        assert!(!names_path(b"-D", root));
        assert!(!names_path(b"", root));
    }

    #[test]
    fn this_test_is_not_a_server() {
        let work_dir = std::env::current_dir().unwrap();
        assert!(!works_below(std::process::id(), &work_dir));
        assert!(is_taken(std::process::id()));
    }
}
