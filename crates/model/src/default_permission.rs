//! Default permissions: what an organization's new repositories grant by themselves.

use uuid::Uuid;

use crate::ids::{AccountId, NamespaceId, TeamId};
use crate::query::{queries, record};

record! {
    /// A default permission; of the delegates one is set.
    pub struct DefaultPermission {
        /// Its id.
        pub id: Uuid,
        /// `read`, `write` or `admin`.
        pub role: String,
        /// Whose new repositories; `None` for everybody's.
        pub creator_name: Option<String>,
        /// `user` or `robot`.
        pub creator_kind: Option<String>,
        /// The creator's address.
        pub creator_email: Option<String>,
        /// Whether the creator belongs to the organization.
        pub creator_is_member: bool,
        /// The user or robot that gets the role.
        pub delegate_name: Option<String>,
        /// `user` or `robot`.
        pub delegate_kind: Option<String>,
        /// The delegate's address.
        pub delegate_email: Option<String>,
        /// Whether the delegate belongs to the organization.
        pub delegate_is_member: bool,
        /// The team that gets the role.
        pub delegate_team: Option<String>,
    }
}

queries! {
    /// Lists the default permissions of an organization, oldest first, or one of them.
    fn list_permissions(organization: NamespaceId, id: Option<Uuid>) -> many DefaultPermission = LIST_DEFAULT_PERMISSIONS;
    /// Makes a default permission; answers its id.
    fn insert_permission(
        organization: NamespaceId,
        creator: Option<AccountId>,
        account: Option<AccountId>,
        team: Option<TeamId>,
        role: &str,
    ) -> one Uuid = INSERT_DEFAULT_PERMISSION;
    /// Changes its role; 0 when there is none.
    fn set_role(organization: NamespaceId, id: Uuid, role: &str) -> changed = SET_DEFAULT_PERMISSION;
    /// Ends it; 0 when there is none.
    fn delete_permission(organization: NamespaceId, id: Uuid) -> changed = DELETE_DEFAULT_PERMISSION;
}
