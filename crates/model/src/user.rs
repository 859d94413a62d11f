//! Users as they see and change themselves, and as superusers do.

use serde_json::Value;

use crate::ids::{AccountId, NamespaceId};
use crate::query::{queries, record};

record! {
    /// What is known of a user.
    pub struct Profile {
        /// Its row.
        pub id: AccountId,
        /// Its name.
        pub name: String,
        /// False when disabled.
        pub enabled: bool,
        /// Its address.
        pub email: Option<String>,
        /// Whether it wants invoices by mail.
        pub invoice_email: bool,
        /// To which address.
        pub invoice_email_address: Option<String>,
        /// Its time machine window, seconds.
        pub tag_expiration_s: i64,
        /// Whether its address was proven.
        pub verified: bool,
        /// Whether it administers the registry.
        pub superuser: bool,
        /// Its given name.
        pub given_name: Option<String>,
        /// Its family name.
        pub family_name: Option<String>,
        /// Where it works.
        pub company: Option<String>,
        /// Where it is.
        pub location: Option<String>,
        /// Whether it was asked for these and answered.
        pub metadata_given: bool,
        /// Whether it can log in with a password.
        pub has_password: bool,
    }
}

record! {
    /// An organization that a user is in.
    pub struct Membership {
        /// Its row.
        pub id: NamespaceId,
        /// Its name.
        pub name: String,
        /// Its address.
        pub email: Option<String>,
        /// The user's highest role there: `admin`, `creator` or `member`.
        pub role: Option<String>,
    }
}

queries! {
    /// Finds what is known of a user.
    fn find_profile(account: AccountId) -> maybe Profile = FIND_PROFILE;
    /// Finds a user by name.
    fn find_user(name: &str) -> maybe AccountId = FIND_USER;
    /// Finds a user by address.
    fn find_by_email(email: &str) -> maybe AccountId = FIND_BY_EMAIL;
    /// Lists users after an id, disabled ones only if asked.
    fn list_users(after: AccountId, disabled_too: bool, limit: i64) -> many Profile = LIST_USERS;
    /// Lists the organizations a user is in, by name.
    fn list_organizations(account: AccountId) -> many Membership = LIST_USER_ORGANIZATIONS;
    /// Keeps the teams by which a user administers organizations as they are until the end of the
    /// transaction.
    fn lock_admin_teams(account: AccountId) -> changed = LOCK_ADMIN_TEAMS;
    /// Lists the names of organizations that only this user administers.
    fn list_sole_administered(account: AccountId) -> many String = LIST_SOLE_ADMINISTERED;
    /// Makes a user; a taken name or address is a conflict.
    fn create_user(
        name: &str,
        email: Option<&str>,
        password_phc: &str,
        is_verified: bool,
        tag_expiration_s: i64,
    ) -> one AccountId = CREATE_USER;
    /// Replaces a user's password.
    fn set_password(account: AccountId, password_phc: &str) -> changed = SET_PASSWORD;
    /// Replaces a user's address, which counts as proven; a taken one is a conflict.
    fn set_email(account: AccountId, email: Option<&str>) -> changed = SET_EMAIL;
    /// Notes that a user's address is proven.
    fn set_verified(account: AccountId) -> changed = SET_VERIFIED;
    /// Enables or disables a user and outdates its tokens.
    fn set_enabled(account: AccountId, is_enabled: bool) -> changed = SET_USER_ENABLED;
    /// Changes invoices and time machine: the members of the object.
    fn change_details(account: AccountId, details: &Value) -> changed = CHANGE_DETAILS;
    /// Changes names, company and location: the members of the object.
    fn change_metadata(account: AccountId, metadata: &Value) -> changed = CHANGE_METADATA;
    /// Renames a user with its robots; a taken name is a conflict.
    fn rename(account: AccountId, name: &str) -> changed = RENAME_USER;
    /// Deletes a user with its robots and credentials; its repositories wait for the collector.
    fn delete_user(account: AccountId) -> changed = DELETE_USER;
    /// Makes a user an organization that `admin` administers.
    fn convert_user(account: AccountId, admin: AccountId) -> changed = CONVERT_USER;
    /// Notes that a user was here.
    fn touch_user(account: AccountId) -> changed = TOUCH_USER;
}
