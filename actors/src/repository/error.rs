//! Why a repository refuses.

use slipway_model::ModelError;
use slipway_oci::{Digest, RepositoryName};
use slipway_storage::{StorageError, StorageErrorKind};

use crate::kernel::{DispatchError, MaybeDispatch};

/// A refusal or fault of a repository.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RepositoryError {
    /// There is no such repository.
    #[error("repository `{0}` does not exist")]
    Unknown(RepositoryName),
    /// There is a repository of that name.
    #[error("repository `{0}` exists already")]
    AlreadyExists(RepositoryName),
    /// The namespace does not exist and may not be made by a push.
    #[error("namespace of `{0}` does not exist")]
    NamespaceUnknown(RepositoryName),
    /// The namespace holds as many repositories as it may.
    #[error("the namespace holds {0} repositories and takes no more")]
    TooManyRepositories(i64),
    /// The namespace was disabled.
    #[error("the namespace of `{0}` is disabled")]
    NamespaceDisabled(RepositoryName),
    /// The repository does not take writes.
    #[error("the repository is in state {0}")]
    NotWritable(String),
    /// No such tag, and there never was.
    #[error("tag `{0}` is unknown")]
    TagUnknown(String),
    /// The tag ended.
    #[error("tag `{0}` was deleted or has expired")]
    TagExpired(String),
    /// The tag cannot be changed.
    #[error("tag `{0}` is immutable")]
    TagImmutable(String),
    /// The tag is immutable and may have no end.
    #[error("tag `{0}` is immutable and cannot expire")]
    TagCannotExpire(String),
    /// A tag cannot be told to end in the past.
    #[error("the time at which tag `{0}` shall end has passed")]
    TagExpiryPassed(String),
    /// The manifest has no such label.
    #[error("label `{0}` is unknown")]
    LabelUnknown(String),
    /// The label came with the manifest.
    #[error("label `{0}` came with the manifest and stays")]
    LabelImmutable(String),
    /// Keys that begin so are the registry's.
    #[error("the key of label `{0}` begins with a reserved prefix")]
    LabelReserved(String),
    /// The key is not one of a label.
    #[error("`{0}` is no key of a label")]
    LabelKey(String),
    /// No such manifest is served.
    #[error("manifest `{0}` is unknown")]
    ManifestUnknown(String),
    /// No such blob is present.
    #[error("blob `{0}` is unknown")]
    BlobUnknown(Digest),
    /// The manifest names blobs that are not here.
    #[error("blobs are not here")]
    BlobsMissing(Vec<Digest>),
    /// The manifest states other sizes than its blobs have.
    #[error("descriptors state other sizes than their blobs have")]
    WrongSizes(Vec<Digest>),
    /// The index names manifests that are not here.
    #[error("manifests are not here")]
    ChildrenMissing(Vec<Digest>),
    /// A served index holds the manifest.
    #[error("indexes hold this manifest")]
    HeldByParents(Vec<Digest>),
    /// Several tags point at the manifest.
    #[error("several tags point at this manifest")]
    HeldBySiblings(Vec<String>),
    /// A served manifest needs the blob.
    #[error("a manifest needs this blob")]
    BlobNeeded(Digest),
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

impl MaybeDispatch for RepositoryError {
    fn dispatch(&self) -> Option<&DispatchError> {
        match self {
            Self::Dispatch(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ModelError> for RepositoryError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unavailable(text) => Self::Unavailable(text),
            ModelError::Conflict(text) | ModelError::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<StorageError> for RepositoryError {
    fn from(error: StorageError) -> Self {
        match error.kind {
            StorageErrorKind::Temporary => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}
