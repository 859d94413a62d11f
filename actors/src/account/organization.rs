//! Organizations: making, changing and deleting them.
//!
//! Quay: `endpoints/api/organization.py`, `data/model/organization.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_model::audit::{Origin, log};
use slipway_model::{AccountId, NamespaceId, account, organization};
use slipway_oci::NamespaceName;

use super::{AccountError, Office, Work};

/// Makes an organization.
#[derive(Debug)]
pub struct CreateOrganization {
    /// Its name.
    pub name: String,
    /// Its e-mail; may be another organization's, but no user's.
    pub email: Option<String>,
    /// Where people can reach it.
    pub contact_email: Option<String>,
    /// The first member of its team `owners`.
    pub owner: AccountId,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateOrganization {
    type Answer = NamespaceId;

    async fn run(self, office: Arc<Office>) -> Result<NamespaceId, AccountError> {
        NamespaceName::parse(&self.name)
            .map_err(|_| AccountError::InvalidName(self.name.clone()))?;
        let taken = AccountError::Taken("A user or organization with this name already exists");
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let email = self.email.as_deref().filter(|email| !email.is_empty());
        if let Some(email) = email
            && account::has_email(&transaction, email).await?
        {
            return Err(AccountError::Taken("The email address is already in use"));
        }
        let made = organization::create_organization(
            &transaction,
            &self.name,
            email,
            self.contact_email.as_deref(),
            office.tag_expiration_s(),
            self.owner,
        )
        .await?;
        let id = made.ok_or(taken)?;
        let metadata = json!({ "namespace": self.name, "email": email });
        log(
            &transaction,
            "org_create",
            id.into(),
            &self.origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        Ok(id)
    }
}
