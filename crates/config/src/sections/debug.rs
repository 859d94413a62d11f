//! Switches for tests: crashes, faults and a journal of syncs, on purpose.
//!
//! None of them belongs into a registry that anybody relies on.

use std::path::PathBuf;

use crate::key::section;

section! {
    /// For tests only: makes the process fail on purpose. Leave unset.
    Debug in "debug" {
        /// For tests: the place in the code at which the process kills itself.
        crash_point: Option<String> = None;
        /// For tests: file that records each write and sync of storage, to replay power cuts.
        sync_journal: Option<PathBuf> = None;
        /// For tests: stands for the kernel's boot id, so that a restart looks like a power cut.
        boot_id: Option<String> = None;
    }
}
