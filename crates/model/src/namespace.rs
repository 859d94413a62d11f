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

queries! {
    /// Finds a namespace by name.
    fn find_access(name: &str, account: Option<AccountId>) -> maybe NamespaceAccess = FIND_NAMESPACE_ACCESS;
    /// Finds a user, an organization or a robot by name.
    fn find_principal(name: &str) -> maybe NamespaceId = FIND_PRINCIPAL;
    /// Outdates the tokens of principals and namespaces.
    fn raise_epochs(ids: &[i64]) -> changed = RAISE_EPOCHS;
}
