//! Organizations.

use crate::ids::{AccountId, NamespaceId};
use crate::query::queries;

queries! {
    /// Makes an organization whose team `owners` has one member; `None` when the name is taken.
    fn create_organization(
        name: &str,
        email: Option<&str>,
        contact_email: Option<&str>,
        tag_expiration_s: i64,
        owner: AccountId,
    ) -> maybe NamespaceId = CREATE_ORGANIZATION;
}
