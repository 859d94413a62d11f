//! Row ids, a type for each table.
//!
//! An id is never computed with; it comes out of the database and goes back into it. Names of
//! things clients see (repositories, tags, digests) are types of `slipway-oci`.

use std::fmt;

use postgres_types::{FromSql, ToSql};
use uuid::Uuid;

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ToSql, FromSql)]
        #[postgres(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

row_id! {
    /// A row of `namespace`.
    NamespaceId
}
row_id! {
    /// A row of `account`; the same number as its namespace.
    AccountId
}
row_id! {
    /// A row of `repository`.
    RepositoryId
}
row_id! {
    /// A row of `oauth_application`.
    ApplicationId
}
row_id! {
    /// A row of `team`.
    TeamId
}
row_id! {
    /// A row of `blob`: one generation of a digest.
    BlobId
}
row_id! {
    /// A row of `segment_batch`.
    BatchId
}

/// A running process of this registry; a new one for each start.
pub type NodeId = Uuid;

/// An upload session, as clients see it in the Location.
pub type UploadId = Uuid;
