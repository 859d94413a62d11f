//! `slipway.conf`: the server's settings, written anew at each start.
//!
//! The cluster's own `postgresql.conf` includes the file, as its last line. Values are quoted as
//! `GUC_scanstr` of PostgreSQL reads them. The set keeps the server small: no TCP, no parallel
//! queries, no compiled queries, no logical replication.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::account::Account;
use crate::error::{EmbeddedError, at};
use crate::folder::replace_file;
use crate::settings::{EmbeddedSettings, PORT};

const FILE: &str = "slipway.conf";
const INCLUDE: &str = "include = 'slipway.conf'";
/// Two segments: the least that PostgreSQL takes.
const LEAST_WAL_BYTES: u64 = 32 << 20;
const USUAL_LEAST_WAL_BYTES: u64 = 80 << 20;
const LEAST_BUFFERS_BYTES: u64 = 128 << 10;

/// Writes the file into `cluster` and has `postgresql.conf` include it.
pub(crate) fn write(
    cluster: &Path,
    settings: &EmbeddedSettings,
    socket_dir: &Path,
    account: &Account,
) -> Result<(), EmbeddedError> {
    let text = render(settings, socket_dir)?;
    replace_file(&cluster.join(FILE), text.as_bytes(), Some(account))?;
    let main_path = cluster.join("postgresql.conf");
    let main = fs::read_to_string(&main_path).map_err(at(&main_path))?;
    if main.lines().any(|line| line.trim() == INCLUDE) {
        return Ok(());
    }
    let with_include = format!("{}\n{INCLUDE}\n", main.trim_end_matches('\n'));
    replace_file(&main_path, with_include.as_bytes(), Some(account))
}

fn render(settings: &EmbeddedSettings, socket_dir: &Path) -> Result<String, EmbeddedError> {
    let mut text = String::from("# Written by Slipway at each start; changes here are lost.\n");
    for (name, value) in list_settings(settings, socket_dir) {
        push(&mut text, name, &value)?;
    }
    if !settings.durable {
        // Commits still reach the system before they are answered: a killed server loses nothing.
        for name in ["fsync", "full_page_writes"] {
            push(&mut text, name, "off")?;
        }
    }
    for (name, value) in &settings.extra {
        push(&mut text, name, value)?;
    }
    Ok(text)
}

fn list_settings(settings: &EmbeddedSettings, socket_dir: &Path) -> Vec<(&'static str, String)> {
    let buffers_kib = settings.shared_buffers_bytes.max(LEAST_BUFFERS_BYTES) >> 10;
    let most_wal_bytes = settings.max_wal_size_bytes.max(LEAST_WAL_BYTES);
    let least_wal_bytes = most_wal_bytes.min(USUAL_LEAST_WAL_BYTES);
    let fixed = |value: &str| value.to_owned();
    vec![
        ("listen_addresses", String::new()),
        ("port", PORT.to_string()),
        ("unix_socket_directories", render_folder(socket_dir)),
        ("unix_socket_permissions", fixed("0700")),
        (
            "max_connections",
            settings.max_connections.max(10).to_string(),
        ),
        ("shared_buffers", format!("{buffers_kib}kB")),
        ("max_wal_size", format!("{}MB", most_wal_bytes >> 20)),
        ("min_wal_size", format!("{}MB", least_wal_bytes >> 20)),
        ("wal_compression", fixed("on")),
        ("synchronous_commit", fixed("on")),
        (
            "dynamic_shared_memory_type",
            fixed(choose_shared_memory(Path::new("/dev/shm"))),
        ),
        ("huge_pages", fixed("off")),
        ("jit", fixed("off")),
        ("max_worker_processes", fixed("4")),
        ("max_parallel_workers_per_gather", fixed("0")),
        ("max_parallel_maintenance_workers", fixed("0")),
        ("max_logical_replication_workers", fixed("0")),
        ("max_wal_senders", fixed("2")),
        ("max_replication_slots", fixed("2")),
        ("autovacuum_max_workers", fixed("2")),
        ("timezone", fixed("UTC")),
        ("log_timezone", fixed("UTC")),
        ("log_destination", fixed("stderr")),
        ("logging_collector", fixed("off")),
        ("log_line_prefix", fixed("%m [%p] %q%u@%d ")),
        ("log_checkpoints", fixed("off")),
        ("log_lock_waits", fixed("on")),
    ]
}

/// POSIX shared memory where `/dev/shm` is open to all users, else files in the cluster.
fn choose_shared_memory(shm: &Path) -> &'static str {
    use std::os::unix::fs::MetadataExt as _;
    let open_to_all = fs::metadata(shm)
        .is_ok_and(|metadata| metadata.is_dir() && metadata.mode() & 0o007 == 0o007);
    if open_to_all { "posix" } else { "mmap" }
}

/// A folder as an item of a comma-separated list.
fn render_folder(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

fn push(text: &mut String, name: &str, value: &str) -> Result<(), EmbeddedError> {
    let refuse = |reason| EmbeddedError::Setting {
        name: name.to_owned(),
        reason,
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(refuse("a name has letters, digits, `_` and `.` only"));
    }
    if value.contains(['\n', '\r', '\0']) {
        return Err(refuse("a value cannot have a line break"));
    }
    let quoted = value.replace('\\', "\\\\").replace('\'', "''");
    writeln!(text, "{name} = '{quoted}'").map_err(|_| refuse("cannot be written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> EmbeddedSettings {
        EmbeddedSettings::new("/data")
    }

    #[test]
    fn values_are_quoted_and_extra_ones_come_last() {
        let mut settings = settings();
        settings.extra = vec![("work_mem".to_owned(), "it's \\ 8MB".to_owned())];
        let text = render(&settings, Path::new("/tmp/a,b")).unwrap();
        assert!(text.contains("unix_socket_directories = '\"/tmp/a,b\"'\n"));
        assert!(text.contains("shared_buffers = '131072kB'\n"));
        assert!(text.contains("listen_addresses = ''\n"));
        assert!(text.ends_with("work_mem = 'it''s \\\\ 8MB'\n"));
        assert!(!text.contains("fsync"));
    }

    #[test]
    fn a_value_cannot_smuggle_in_a_line() {
        let mut settings = settings();
        settings.extra = vec![("work_mem".to_owned(), "8MB\nport = 1".to_owned())];
        assert!(render(&settings, Path::new("/run")).is_err());
        settings.extra = vec![("a b".to_owned(), "1".to_owned())];
        assert!(render(&settings, Path::new("/run")).is_err());
    }

    #[test]
    fn without_a_shared_memory_folder_files_are_used() {
        assert_eq!(choose_shared_memory(Path::new("/nonexistent")), "mmap");
    }
}
