//! What a store is told at start, and what it tells about itself.
//!
//! The settings are plain values made by the caller from its configuration file; this crate reads
//! no configuration of its own. `sync_journal` and `crash_hook` exist for crash tests: they record
//! what was promised to be durable, and end the process at a named point.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where bytes live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineKind {
    /// Plain files under a folder: the fast path.
    Local {
        /// Folder that holds `seg/`; made when missing.
        root: PathBuf,
    },
    /// The process's memory, through `OpenDAL`.
    Memory,
    /// Files through `OpenDAL`: the uniform layer on a disk, for tests of that layer.
    OpendalFs {
        /// Folder that holds `seg/`; made when missing.
        root: PathBuf,
    },
}

/// When bytes reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// [`crate::SegmentWriter::sync`] waits for the disk.
    Always,
    /// The operating system decides; [`crate::Store::sync_all`] sets a mark now and then.
    Os,
}

/// Called with the name of each crash point that is passed.
pub type CrashHook = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Every name a crash hook can be called with.
pub const CRASH_POINTS: &[&str] = &[
    "segment.create",
    "segment.write",
    "segment.write.partial",
    "segment.sync.before",
    "segment.sync.after",
    "segment.dir_sync.before",
    "segment.dir_sync.after",
    "segment.delete",
];

/// Settings of one store.
#[derive(Clone)]
pub struct StoreSettings {
    /// Where bytes live.
    pub engine: EngineKind,
    /// When bytes reach the disk.
    pub sync: SyncMode,
    /// A segment never grows beyond this; at least 1.
    pub segment_close_bytes: u64,
    /// A blob never has more segments than this.
    pub max_segments: usize,
    /// Unsynced bytes at which a growing local file is synced in the background (mode `Always`).
    ///
    /// It keeps the disk busy while bytes still arrive, so the final sync has little left to do.
    pub write_back_bytes: u64,
    /// Free bytes below which nothing is written.
    pub reserve_bytes: u64,
    /// How many files of finished blobs stay open for reading.
    pub open_files: usize,
    /// How many appends may keep a thread while their body flows; others borrow one per chunk.
    pub held_threads: usize,
    /// Bytes per item of a stream read; a stream holds at most two of these.
    pub read_chunk_bytes: usize,
    /// File that records each sync, for crash tests.
    ///
    /// `made <path>` for a new name; appended after the sync they tell of: `file <path> <size>`,
    /// `dir <path>` for all names in it, and `entry <path>` for one name.
    pub sync_journal: Option<PathBuf>,
    /// Called at each of [`CRASH_POINTS`], for crash tests.
    pub crash_hook: Option<CrashHook>,
}

impl StoreSettings {
    /// The defaults for `engine`: durable, 1 GiB segments, at most 10,000 of them, no reserve.
    #[must_use]
    pub fn new(engine: EngineKind) -> Self {
        Self {
            engine,
            sync: SyncMode::Always,
            segment_close_bytes: 1 << 30,
            max_segments: 10_000,
            write_back_bytes: 16 << 20,
            reserve_bytes: 0,
            open_files: 256,
            held_threads: 64,
            read_chunk_bytes: 256 << 10,
            sync_journal: None,
            crash_hook: None,
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoreSettings")
            .field("engine", &self.engine)
            .field("sync", &self.sync)
            .field("segment_close_bytes", &self.segment_close_bytes)
            .field("max_segments", &self.max_segments)
            .field("reserve_bytes", &self.reserve_bytes)
            .finish_non_exhaustive()
    }
}

/// What a store can do; callers choose their route by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// An append extends the last segment instead of opening a new one.
    pub appends: bool,
    /// Reads answer [`crate::BlobRead::Local`], so sendfile is possible.
    pub local_files: bool,
    /// The engine itself refuses to write a key twice (else randomness alone prevents it).
    pub put_if_absent: bool,
    /// A segment never grows beyond this.
    pub segment_close_bytes: u64,
    /// A blob never has more segments than this.
    pub max_segments: usize,
}
