//! Organizations: their settings, who belongs to them, and their end.

use crate::ids::{AccountId, NamespaceId, RepositoryId};
use crate::query::{queries, record};

record! {
    /// An organization and its settings.
    pub struct Organization {
        /// Its row.
        pub id: NamespaceId,
        /// Its name.
        pub name: String,
        /// Its e-mail.
        pub email: Option<String>,
        /// Where people can reach it.
        pub contact_email: Option<String>,
        /// Whether invoices are mailed.
        pub invoice_email: bool,
        /// Where to.
        pub invoice_email_address: Option<String>,
        /// How long deleted tags can be brought back, seconds.
        pub tag_expiration_s: i64,
    }
}

record! {
    /// An organization in the list of all.
    pub struct OrganizationEntry {
        /// Its row.
        pub id: NamespaceId,
        /// Its name.
        pub name: String,
        /// Its e-mail.
        pub email: Option<String>,
    }
}

record! {
    /// A member of a team of an organization.
    pub struct OrganizationMember {
        /// The account.
        pub id: AccountId,
        /// Its name.
        pub name: String,
        /// `user` or `robot`.
        pub kind: String,
        /// Its address.
        pub email: Option<String>,
        /// The team.
        pub team: String,
    }
}

record! {
    /// A role that an account holds by itself on a repository of an organization.
    pub struct OrganizationGrant {
        /// The account.
        pub id: AccountId,
        /// Its name.
        pub name: String,
        /// `user` or `robot`.
        pub kind: String,
        /// Its address.
        pub email: Option<String>,
        /// The repository's name, without its namespace.
        pub repository: String,
        /// Whether the account belongs to the organization.
        pub is_member: bool,
    }
}

record! {
    /// A repository by its row and name.
    pub struct NamedRepository {
        /// Its row.
        pub id: RepositoryId,
        /// Its name, without its namespace.
        pub name: String,
    }
}

queries! {
    /// Makes an organization whose team `owners` has one member; `None` when the name is taken.
    fn create_organization(
        name: &str,
        email: Option<&str>,
        contact_email: Option<&str>,
        tag_expiration_s: i64,
        owner: AccountId,
    ) -> maybe NamespaceId = CREATE_ORGANIZATION;
    /// Holds an organization until the end of the transaction.
    fn lock_organization(id: NamespaceId) -> maybe NamespaceId = LOCK_ORGANIZATION;
    /// Finds an organization.
    fn find_organization(id: NamespaceId) -> maybe Organization = FIND_ORGANIZATION;
    /// Changes an organization's e-mail and contact e-mail.
    fn change_addresses(id: NamespaceId, email: Option<&str>, contact_email: Option<&str>) -> changed = CHANGE_ORGANIZATION_ADDRESSES;
    /// Changes whether and where invoices are mailed, and the time machine.
    fn change_settings(
        id: NamespaceId,
        invoice_email: bool,
        invoice_email_address: Option<&str>,
        tag_expiration_s: i64,
    ) -> changed = CHANGE_ORGANIZATION;
    /// Lists organizations after an id.
    fn list_organizations(after: NamespaceId, limit: i64) -> many OrganizationEntry = LIST_ORGANIZATIONS;
    /// Ends an organization.
    fn delete_organization(id: NamespaceId) -> changed = DELETE_ORGANIZATION;
    /// Renames an organization and its robots; 0 when it is gone.
    fn rename_organization(id: NamespaceId, name: &str) -> changed = RENAME_ORGANIZATION;
    /// Makes a user's namespace an organization; 0 when it is no user's.
    fn convert_user(id: NamespaceId) -> changed = CONVERT_TO_ORGANIZATION;
    /// Lists members of teams, a row for each team; of one account when it is named.
    fn list_members(id: NamespaceId, account: Option<AccountId>) -> many OrganizationMember = LIST_ORGANIZATION_MEMBERS;
    /// Lists roles that accounts hold by themselves; of one account when it is named.
    fn list_grants(id: NamespaceId, account: Option<AccountId>) -> many OrganizationGrant = LIST_ORGANIZATION_GRANTS;
    /// Takes an account out of all teams; answers their names.
    fn leave_teams(id: NamespaceId, account: AccountId) -> many String = LEAVE_TEAMS;
    /// Takes from an account all roles on repositories; answers these.
    fn leave_repositories(id: NamespaceId, account: AccountId) -> many NamedRepository = LEAVE_REPOSITORIES;
    /// Counts the enabled users in admin teams.
    fn count_admins(id: NamespaceId) -> one i64 = COUNT_ADMINS;
}
