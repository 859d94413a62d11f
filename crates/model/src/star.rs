//! Repositories that users have starred.

use crate::ids::{AccountId, RepositoryId};
use crate::query::{queries, record};

record! {
    /// A starred repository.
    pub struct Starred {
        /// Its row.
        pub id: RepositoryId,
        /// Its namespace.
        pub namespace: String,
        /// Its name.
        pub name: String,
        /// What it is.
        pub description: String,
        /// Whether everybody may read it.
        pub is_public: bool,
    }
}

queries! {
    /// Stars a repository; no row changes when it was starred.
    fn insert_star(account: AccountId, repository: RepositoryId) -> changed = INSERT_STAR;
    /// Takes a star away.
    fn delete_star(account: AccountId, repository: RepositoryId) -> changed = DELETE_STAR;
    /// Lists starred repositories that the user may read, by id.
    fn list_starred(account: AccountId, after: RepositoryId, limit: i64) -> many Starred = LIST_STARRED;
}
