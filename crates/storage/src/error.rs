//! The crate's one error, and the only place where I/O and `OpenDAL` errors become it.
//!
//! It is `Clone`, because one failed folder sync fails every commit that waited for it. The source
//! is kept as text for that reason.

use std::io;

use rustix::io::Errno;

use crate::SegmentKey;

/// What kind of failure it was, as far as callers act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageErrorKind {
    /// The object is not there.
    NotFound,
    /// Put-if-absent found something there.
    AlreadyExists,
    /// The disk, quota or reserve is used up (HTTP: 507).
    NoSpace,
    /// The blob would have more segments than allowed (HTTP: 413).
    TooManySegments,
    /// The store is out of reach or overloaded; trying again may help (HTTP: 503).
    Temporary,
    /// The object holds fewer bytes than were recorded.
    Damaged,
    /// The store refuses our credentials or rights.
    Denied,
    /// Everything else: a bug, a broken disk.
    Internal,
}

/// A failed storage operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} `{object}`: {source_text}")]
pub struct StorageError {
    /// What callers act on.
    pub kind: StorageErrorKind,
    /// Whether trying again may help.
    pub temporary: bool,
    /// What was being done: `write`, `sync`, `open`.
    pub action: &'static str,
    /// Key or path it was done to.
    pub object: Box<str>,
    /// The cause in words.
    pub source_text: Box<str>,
    /// Boxed, so that results stay small.
    key: Option<Box<SegmentKey>>,
}

impl StorageError {
    pub(crate) fn new(
        kind: StorageErrorKind,
        action: &'static str,
        object: impl std::fmt::Display,
        source_text: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            temporary: kind == StorageErrorKind::Temporary,
            action,
            object: object.to_string().into(),
            source_text: source_text.into().into(),
            key: None,
        }
    }

    /// The segment, when the failure is about one.
    #[must_use]
    pub fn key(&self) -> Option<SegmentKey> {
        self.key.as_deref().copied()
    }

    /// Says which segment it is about.
    #[must_use]
    pub(crate) fn with_key(mut self, key: SegmentKey) -> Self {
        self.key = Some(Box::new(key));
        self
    }

    pub(crate) fn from_io(
        action: &'static str,
        object: impl std::fmt::Display,
        source: &io::Error,
    ) -> Self {
        Self::new(kind_of_io(source), action, object, source.to_string())
    }

    pub(crate) fn from_errno(
        action: &'static str,
        object: impl std::fmt::Display,
        source: Errno,
    ) -> Self {
        Self::from_io(action, object, &source.into())
    }

    pub(crate) fn from_opendal(
        action: &'static str,
        object: impl std::fmt::Display,
        source: &opendal::Error,
    ) -> Self {
        let mut error = Self::new(kind_of_opendal(source), action, object, source.to_string());
        error.temporary |= source.is_temporary();
        error
    }
}

fn kind_of_io(source: &io::Error) -> StorageErrorKind {
    use io::ErrorKind;
    match source.kind() {
        ErrorKind::NotFound => StorageErrorKind::NotFound,
        ErrorKind::AlreadyExists => StorageErrorKind::AlreadyExists,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StorageErrorKind::NoSpace,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StorageErrorKind::Denied,
        ErrorKind::TimedOut | ErrorKind::StaleNetworkFileHandle => StorageErrorKind::Temporary,
        _ if matches!(
            Errno::from_io_error(source),
            Some(Errno::MFILE | Errno::NFILE)
        ) =>
        {
            StorageErrorKind::Temporary
        }
        _ => StorageErrorKind::Internal,
    }
}

fn kind_of_opendal(source: &opendal::Error) -> StorageErrorKind {
    use opendal::ErrorKind;
    match source.kind() {
        ErrorKind::NotFound => StorageErrorKind::NotFound,
        ErrorKind::ConditionNotMatch | ErrorKind::AlreadyExists => StorageErrorKind::AlreadyExists,
        ErrorKind::PermissionDenied => StorageErrorKind::Denied,
        ErrorKind::RateLimited => StorageErrorKind::Temporary,
        _ if source.is_temporary() => StorageErrorKind::Temporary,
        _ => std::error::Error::source(source)
            .and_then(|inner| inner.downcast_ref::<io::Error>())
            .map_or(StorageErrorKind::Internal, kind_of_io),
    }
}
