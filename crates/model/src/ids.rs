//! Row ids, a type for each table.
//!
//! An id is never computed with; it comes out of the database and goes back into it. Names of
//! things clients see (repositories, tags, digests) are types of `slipway-oci`.

use std::fmt;

use postgres_types::{FromSql, ToSql, Type};
use slipway_oci::Digest;
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
row_id! {
    /// A row of `manifest`.
    ManifestId
}
row_id! {
    /// A row of `tag`: one span.
    SpanId
}

/// A row of `manifest_label`, as clients see it.
pub type LabelId = Uuid;

/// A digest in the form it is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredDigest(pub Digest);

impl<'row> FromSql<'row> for StoredDigest {
    fn from_sql(
        _: &Type,
        raw: &'row [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Digest::from_db(raw)?))
    }

    postgres_types::accepts!(BYTEA);
}

/// A running process of this registry; a new one for each start.
pub type NodeId = Uuid;

/// An upload session, as clients see it in the Location.
pub type UploadId = Uuid;
