//! Blob bytes: the only crate that opens blob files or talks to an object store.
//!
//! A blob is a list of *segments*: immutable objects with random unique keys
//! (`seg/<batch>/<random>`), made put-if-absent and never overwritten, renamed or copied. Which
//! segments make up which blob is the database's knowledge; this crate only writes, reads, lists
//! and deletes them.
//!
//! [`Store`] is the door. A [`SegmentWriter`] belongs to one upload; after every append the
//! caller's [`ByteSink`] (a digest) and the stored bytes agree exactly, whatever went wrong.
//! Reading starts at [`Store::read`].
//!
//! Two engines stand behind the door: `local` (plain files, the fast path) and `object`
//! (everything `OpenDAL` can reach).

mod body;
mod error;
mod key;
mod local;
mod object;
mod read;
mod settings;
mod store;
mod writer;

pub use body::{BodyBroken, ByteSink, Chunk, ChunkReceiver, PartEnd};
pub use error::{StorageError, StorageErrorKind};
pub use key::{BatchId, KeyError, Segment, SegmentKey};
pub use read::{BlobRead, LocalPart, stream_parts};
pub use settings::{CRASH_POINTS, Capabilities, CrashHook, EngineKind, StoreSettings, SyncMode};
pub use store::Store;
pub use writer::{AppendError, Appended, AppendedPart, SegmentWriter};
