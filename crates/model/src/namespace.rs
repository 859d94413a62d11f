//! Namespaces: users and organizations by name, and the epochs that outdate tokens.

use crate::ids::{AccountId, NamespaceId};
use crate::query::{queries, record};

record! {
    /// A namespace and what the asking account may do in it.
    pub struct NamespaceAccess {
        /// Its row.
        pub id: NamespaceId,
        /// `user` or `organization`.
        pub kind: String,
        /// False when disabled.
        pub enabled: bool,
        /// Its epoch.
        pub epoch: i64,
        /// The account's highest team role: `admin`, `creator` or `member`.
        pub team_role: Option<String>,
    }
}

record! {
    /// A user, an organization or a robot.
    pub struct Entity {
        /// Its row.
        pub id: NamespaceId,
        /// Its name.
        pub name: String,
        /// `user`, `organization` or `robot`.
        pub kind: String,
        /// Its address.
        pub email: Option<String>,
        /// False when disabled.
        pub enabled: bool,
        /// Whose robot it is.
        pub owner_id: Option<NamespaceId>,
    }
}

queries! {
    /// Finds a user, an organization or a robot that is not deleted.
    fn find_entity(name: &str) -> maybe Entity = FIND_ENTITY;
    /// Finds a namespace by name.
    fn find_access(name: &str, account: Option<AccountId>) -> maybe NamespaceAccess = FIND_NAMESPACE_ACCESS;
    /// Finds a user, an organization or a robot by name.
    fn find_principal(name: &str) -> maybe NamespaceId = FIND_PRINCIPAL;
    /// Outdates the tokens of principals and namespaces.
    fn raise_epochs(ids: &[i64]) -> changed = RAISE_EPOCHS;
}
