//! Fingerprints of the keys that sealed something in this database, and everything they sealed.
//!
//! [`SEALED_COLUMNS`] is the list of all sealed columns; whoever adds one adds it there, so that
//! replacing the key does not miss it.

use crate::database::{Database, Params};
use crate::error::ModelError;
use crate::query::{FromRow, Run, queries, record};
use crate::statement::{self, Statement};

queries! {
    /// Notes the fingerprint of a key that may seal; the first one is the one in use.
    fn insert_key(fingerprint: &[u8]) -> changed = INSERT_SEALING_KEY;
    /// Lists fingerprints, the one in use first.
    fn list_keys() -> many Vec<u8> = LIST_SEALING_KEYS;
    /// Finds the fingerprint of the key in use.
    fn find_current() -> maybe Vec<u8> = FIND_CURRENT_KEY;
    /// Forgets all fingerprints but one; answers how many.
    fn forget_others(fingerprint: &[u8]) -> one i64 = KEEP_ONLY_KEY;
    /// Says that a key is the one in use.
    fn mark_current(fingerprint: &[u8]) -> changed = MARK_CURRENT_KEY;
}

/// Forgets all keys but one, which is the one in use from then on.
///
/// # Errors
/// The database's.
pub async fn keep_only(db: &Database, fingerprint: &[u8]) -> Result<(), ModelError> {
    let mut connection = db.connection().await?;
    let transaction = connection.begin().await?;
    forget_others(&transaction, fingerprint).await?;
    mark_current(&transaction, fingerprint).await?;
    transaction.commit().await
}

/// A column whose values are sealed.
#[derive(Debug)]
pub struct SealedColumn {
    list: &'static Statement,
    replace: &'static Statement,
}

/// All sealed columns.
pub const SEALED_COLUMNS: &[SealedColumn] = &[
    SealedColumn {
        list: &statement::LIST_STALE_ROBOTS,
        replace: &statement::REPLACE_SEALED_ROBOTS,
    },
    SealedColumn {
        list: &statement::LIST_STALE_APP_TOKENS,
        replace: &statement::REPLACE_SEALED_APP_TOKENS,
    },
    SealedColumn {
        list: &statement::LIST_STALE_APPLICATIONS,
        replace: &statement::REPLACE_SEALED_APPLICATIONS,
    },
];

record! {
    /// A sealed value.
    pub struct Sealed {
        /// Its row.
        pub row_key: String,
        /// What it was sealed for.
        pub context: String,
        /// The value.
        pub sealed: Vec<u8>,
    }
}

/// Lists values of a column that another key than this one sealed.
///
/// # Errors
/// The database's.
pub async fn list_stale(
    db: &Database,
    column: &SealedColumn,
    fingerprint: &[u8],
    limit: i64,
) -> Result<Vec<Sealed>, ModelError> {
    let rows = db.run(column.list, &[&fingerprint, &limit]).await?;
    rows.iter().map(Sealed::from_row).collect()
}

/// Puts values sealed anew in place of `old`, each where the old one still stands.
///
/// # Errors
/// The database's.
pub async fn replace_sealed(
    db: &Database,
    column: &SealedColumn,
    old: &[Sealed],
    fresh: &[Vec<u8>],
) -> Result<(), ModelError> {
    let keys: Vec<&str> = old.iter().map(|row| row.row_key.as_str()).collect();
    let sealed: Vec<&[u8]> = old.iter().map(|row| row.sealed.as_slice()).collect();
    let params: Params<'_> = &[&keys, &sealed, &fresh];
    db.run(column.replace, params).await.map(drop)
}
