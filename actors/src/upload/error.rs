//! Why an upload is refused.

use slipway_model::ModelError;
use slipway_oci::Digest;
use slipway_storage::{AppendError, BodyBroken, StorageError, StorageErrorKind};

use crate::kernel::{DispatchError, MaybeDispatch};

/// A refusal or fault of an upload.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UploadError {
    /// There is no such upload in this repository.
    #[error("upload unknown")]
    Unknown,
    /// Another request is writing to this upload.
    #[error("another request is writing to this upload")]
    Busy,
    /// The chunk does not start where the upload ends.
    #[error("the next byte of this upload is {offset_bytes}")]
    OutOfOrder {
        /// Where the upload ends.
        offset_bytes: u64,
    },
    /// The body is not as long as its Content-Range says.
    #[error("the body has {received_bytes} bytes, its range {announced_bytes}")]
    WrongLength {
        /// Bytes that came.
        received_bytes: u64,
        /// Bytes that were announced.
        announced_bytes: u64,
    },
    /// The bytes have another digest.
    #[error("the content's digest is `{actual}`")]
    WrongDigest {
        /// What the bytes hash to.
        actual: Digest,
    },
    /// The blob would be larger than the registry takes.
    #[error("the blob is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The blob came in more pieces than are stored.
    #[error("the blob came in too many pieces")]
    TooManyPieces,
    /// The client went away or stalled; what came is kept.
    #[error("the body broke off: {0}")]
    Body(#[from] BodyBroken),
    /// The disk is full.
    #[error("no space is left for uploads")]
    NoSpace,
    /// As many uploads are open as may be.
    #[error("too many uploads are open")]
    TooMany,
    /// The database or the store cannot be reached for the moment.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The message got no answer.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl MaybeDispatch for UploadError {
    fn dispatch(&self) -> Option<&DispatchError> {
        match self {
            Self::Dispatch(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ModelError> for UploadError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unavailable(text) => Self::Unavailable(text),
            // The repository was deleted under the upload.
            ModelError::Conflict(constraint) if constraint.contains("repository") => Self::Unknown,
            ModelError::Conflict(text) | ModelError::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        match error.kind {
            StorageErrorKind::NoSpace => Self::NoSpace,
            StorageErrorKind::TooManySegments => Self::TooManyPieces,
            StorageErrorKind::Temporary => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<AppendError> for UploadError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Body(error) => Self::Body(error),
            AppendError::Storage(error) => error.into(),
        }
    }
}
