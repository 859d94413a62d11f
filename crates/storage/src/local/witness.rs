//! What crash tests see: named points passed, and a journal of what was promised.
//!
//! In production both are absent and each call is one branch.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::error::StorageError;
use crate::settings::{CrashHook, StoreSettings};

pub(super) struct Witness {
    hook: Option<CrashHook>,
    journal: Option<File>,
}

impl Witness {
    pub(super) fn open(settings: &StoreSettings) -> Result<Self, StorageError> {
        let open = |path: &std::path::PathBuf| {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            opened.map_err(|error| StorageError::from_io("open journal", path.display(), &error))
        };
        let journal = settings.sync_journal.as_ref().map(open).transpose()?;
        Ok(Self {
            hook: settings.crash_hook.clone(),
            journal,
        })
    }

    pub(super) fn at(&self, point: &'static str) {
        if let Some(hook) = &self.hook {
            hook(point);
        }
    }

    /// Whether somebody watches: writes are then cut in halves, with a point between them.
    pub(super) fn is_hooked(&self) -> bool {
        self.hook.is_some()
    }

    pub(super) fn file_synced(&self, path: &Path, size_bytes: u64) -> Result<(), StorageError> {
        self.note(path, format_args!("file {} {size_bytes}\n", path.display()))
    }

    pub(super) fn folder_synced(&self, path: &Path) -> Result<(), StorageError> {
        self.note(path, format_args!("dir {}\n", path.display()))
    }

    pub(super) fn is_journaled(&self) -> bool {
        self.journal.is_some()
    }

    /// A name that was there when a sync of the whole file system began.
    pub(super) fn entry_synced(&self, path: &Path) -> Result<(), StorageError> {
        self.note(path, format_args!("entry {}\n", path.display()))
    }

    /// A name that is lost with the power unless its folder is synced later.
    pub(super) fn entry_made(&self, path: &Path) -> Result<(), StorageError> {
        self.note(path, format_args!("made {}\n", path.display()))
    }

    fn note(&self, path: &Path, line: fmt::Arguments<'_>) -> Result<(), StorageError> {
        let Some(mut journal) = self.journal.as_ref() else {
            return Ok(());
        };
        // One call per line: lines of concurrent writers must not mix.
        let written = journal.write_all(line.to_string().as_bytes());
        written
            .map_err(|error| StorageError::from_io("journal the sync of", path.display(), &error))
    }
}
