//! Where and how blob bytes are kept.
//!
//! Blobs up to `inline_bytes` live in the database; larger ones are lists of immutable segments in
//! the engine chosen here.

use std::path::PathBuf;
use std::time::Duration;

use crate::choice::choice;
use crate::key::section;
use crate::size::ByteSize;

choice! {
    /// What keeps the bytes of blobs.
    StorageEngine {
        /// Files in a folder.
        Fs = "fs",
        /// The memory of the process; everything is lost at its end.
        Memory = "memory",
    }
}

choice! {
    /// Whether an upload waits for the disk.
    SyncMode {
        /// Bytes are on disk before an upload is confirmed.
        Always = "always",
        /// The operating system writes when it likes; a power cut can lose confirmed uploads, which
        /// then answer 404. Not for a shared folder.
        Os = "os",
    }
}

section! {
    /// Where blobs are kept.
    Storage in "storage" {
        /// What keeps the bytes; `memory` is for tests.
        engine: StorageEngine = StorageEngine::Fs, quay ["DISTRIBUTED_STORAGE_CONFIG", "DISTRIBUTED_STORAGE_PREFERENCE"];
        /// Folder of engine `fs`; unset means `blobs` below `data.dir`.
        path: Option<PathBuf> = None, quay ["DISTRIBUTED_STORAGE_CONFIG", "DISTRIBUTED_STORAGE_PREFERENCE"];
        /// Whether a confirmed upload is on disk (`always`) or left to the system (`os`).
        sync: SyncMode = SyncMode::Always;
        /// Blobs up to this size are kept in the database instead of the engine; at most 1 MiB.
        inline_bytes: ByteSize = ByteSize::from_kib(64);
        /// Free disk space below which uploads are refused.
        ///
        /// Unset means twice `database.max_wal_size` plus 256 MiB.
        reserve: Option<ByteSize> = None;
        /// Size at which a growing segment is closed and the next one begun.
        segment_close_bytes: ByteSize = ByteSize::from_gib(1),
            range [ByteSize::from_mib(1), ByteSize::from_gib(64)];
        /// Segments one blob may have; an upload in more pieces is refused.
        max_segments: u32 = 10_000, range [1, 1_000_000];
        /// Bytes of one request after which an upload is saved while it goes on, so that a crash
        /// loses no more than these.
        checkpoint_bytes: ByteSize = ByteSize::from_mib(256),
            range [ByteSize::from_kib(64), ByteSize::from_gib(64)];
        /// Time after which an upload is saved while it goes on.
        checkpoint_interval: Duration = Duration::from_secs(30),
            range [Duration::from_secs(1), Duration::from_secs(3600)];
        /// Whether the folder is a mount that several nodes share; then nothing is assumed about
        /// who else writes there.
        shared_mount: bool = false;
    }
}
