//! Organizations: making, changing and deleting them.
//!
//! Every change first locks the organization's row, so that of two changes the second sees the
//! first. Deleting keeps the row under another name, outdates its tokens and frees the name at once.
//!
//! Quay: `endpoints/api/organization.py`, `data/model/organization.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_model::audit::{Origin, log};
use slipway_model::organization::{Organization, OrganizationEntry};
use slipway_model::team::TeamSummary;
use slipway_model::{AccountId, NamespaceId, Transaction, account, namespace, organization, team};
use slipway_oci::NamespaceName;

use super::{AccountError, Office, Work};

const TAKEN: &str = "A user or organization with this name already exists";
const EMAIL_TAKEN: &str = "The email address is already in use";

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
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let email = self.email.as_deref().filter(|email| !email.is_empty());
        if let Some(email) = email {
            check_email(&office, &transaction, email).await?;
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
        let id = made.ok_or(AccountError::Taken(TAKEN))?;
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

/// Refuses an address that cannot be one where mail is sent, and one that a user has.
async fn check_email(
    office: &Office,
    transaction: &Transaction<'_>,
    email: &str,
) -> Result<(), AccountError> {
    let is_plausible = email.contains('@') && !email.chars().any(char::is_whitespace);
    if office.settings.has_mail() && !is_plausible {
        return Err(AccountError::InvalidEmail(email.to_owned()));
    }
    if account::has_email(transaction, email).await? {
        return Err(AccountError::Taken(EMAIL_TAKEN));
    }
    Ok(())
}

/// Locks an organization's row.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    id: NamespaceId,
) -> Result<(), AccountError> {
    let found = organization::lock_organization(transaction, id).await?;
    found.map(drop).ok_or(AccountError::NotFound)
}

/// Asks for an organization's settings.
#[derive(Debug)]
pub struct GetOrganization {
    /// Which.
    pub id: NamespaceId,
}

impl Work for GetOrganization {
    type Answer = Organization;

    async fn run(self, office: Arc<Office>) -> Result<Organization, AccountError> {
        let found = organization::find_organization(&office.deps.db, self.id).await?;
        found.ok_or(AccountError::NotFound)
    }
}

/// Asks for the teams of an organization, oldest first.
#[derive(Debug)]
pub struct ListTeams {
    /// Which organization.
    pub id: NamespaceId,
    /// Who asks.
    pub caller: Option<AccountId>,
}

impl Work for ListTeams {
    type Answer = Vec<TeamSummary>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<TeamSummary>, AccountError> {
        Ok(team::list_teams(&office.deps.db, self.id, self.caller).await?)
    }
}

/// Changes an organization's settings; what is `None` stays.
#[derive(Debug)]
pub struct ChangeOrganization {
    /// Which.
    pub id: NamespaceId,
    /// Its e-mail.
    pub email: Option<String>,
    /// Where people can reach it; the inner `None` takes it away.
    pub contact_email: Option<Option<String>>,
    /// Whether invoices are mailed.
    pub invoice_email: Option<bool>,
    /// Where to; the inner `None` takes it away.
    pub invoice_email_address: Option<Option<String>>,
    /// How long deleted tags can be brought back, seconds; one of the registry's choices.
    pub tag_expiration_s: Option<i64>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ChangeOrganization {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        lock(&transaction, self.id).await?;
        let found = organization::find_organization(&transaction, self.id).await?;
        let found = found.ok_or(AccountError::NotFound)?;
        self.change_addresses(&office, &transaction, &found).await?;
        self.change_settings(&transaction, &found).await?;
        Ok(transaction.commit().await?)
    }
}

impl ChangeOrganization {
    async fn change_addresses(
        &self,
        office: &Office,
        transaction: &Transaction<'_>,
        found: &Organization,
    ) -> Result<(), AccountError> {
        let email = match &self.email {
            Some(email) if !email.is_empty() => Some(email),
            Some(_) => None,
            None => found.email.as_ref(),
        };
        if email != found.email.as_ref() {
            if let Some(email) = email {
                check_email(office, transaction, email).await?;
            }
            let metadata = json!({
                "email": email, "namespace": found.name, "old_email": found.email,
            });
            let place = self.id.into();
            log(
                transaction,
                "org_change_email",
                place,
                &self.origin,
                metadata,
            )
            .await?;
        }
        let contact = self.contact_email.as_ref().unwrap_or(&found.contact_email);
        let (email, contact) = (email.map(String::as_str), contact.as_deref());
        organization::change_addresses(transaction, self.id, email, contact).await?;
        Ok(())
    }

    async fn change_settings(
        &self,
        transaction: &Transaction<'_>,
        found: &Organization,
    ) -> Result<(), AccountError> {
        let invoice = self.invoice_email.unwrap_or(found.invoice_email);
        let address = self.invoice_email_address.as_ref();
        let address = address.unwrap_or(&found.invoice_email_address);
        let window_s = self.tag_expiration_s.unwrap_or(found.tag_expiration_s);
        organization::change_settings(transaction, self.id, invoice, address.as_deref(), window_s)
            .await?;
        let name = &found.name;
        let mut entries = Vec::new();
        if invoice != found.invoice_email {
            let metadata = json!({ "invoice_email": invoice, "namespace": name });
            entries.push(("org_change_invoicing", metadata));
        }
        if *address != found.invoice_email_address {
            let metadata = json!({ "invoice_email_address": address, "namespace": name });
            entries.push(("org_change_invoicing", metadata));
        }
        if window_s != found.tag_expiration_s {
            let metadata = json!({ "tag_expiration": window_s, "namespace": name });
            entries.push(("org_change_tag_expiration", metadata));
        }
        for (kind, metadata) in entries {
            log(transaction, kind, self.id.into(), &self.origin, metadata).await?;
        }
        Ok(())
    }
}

/// Deletes an organization; its name is free at once.
#[derive(Debug)]
pub struct DeleteOrganization {
    /// Which.
    pub id: NamespaceId,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteOrganization {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        lock(&transaction, self.id).await?;
        let found = organization::find_organization(&transaction, self.id).await?;
        let found = found.ok_or(AccountError::NotFound)?;
        organization::delete_organization(&transaction, self.id).await?;
        let metadata = json!({ "namespace": found.name });
        log(
            &transaction,
            "org_delete",
            self.id.into(),
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Renames an organization, as superusers may.
#[derive(Debug)]
pub struct RenameOrganization {
    /// Which.
    pub id: NamespaceId,
    /// Its new name.
    pub name: String,
    /// The superuser.
    pub superuser: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for RenameOrganization {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        NamespaceName::parse(&self.name)
            .map_err(|_| AccountError::InvalidName(self.name.clone()))?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        lock(&transaction, self.id).await?;
        let found = organization::find_organization(&transaction, self.id).await?;
        let found = found.ok_or(AccountError::NotFound)?;
        if found.name == self.name {
            return Ok(());
        }
        if namespace::find_entity(&transaction, &self.name)
            .await?
            .is_some()
        {
            return Err(AccountError::Taken(TAKEN));
        }
        organization::rename_organization(&transaction, self.id, &self.name).await?;
        let metadata = json!({
            "old_name": found.name, "new_name": self.name, "superuser": self.superuser,
        });
        log(
            &transaction,
            "org_change_name",
            self.id.into(),
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Asks for organizations after an id, in order of their ids.
#[derive(Debug)]
pub struct ListOrganizations {
    /// The id to begin after.
    pub after: i64,
    /// How many at most.
    pub limit: i64,
}

impl Work for ListOrganizations {
    type Answer = Vec<OrganizationEntry>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<OrganizationEntry>, AccountError> {
        let after = NamespaceId(self.after);
        Ok(organization::list_organizations(&office.deps.db, after, self.limit).await?)
    }
}

/// Asks for an organization by name.
#[derive(Debug)]
pub struct FindOrganization {
    /// Its name.
    pub name: String,
}

impl Work for FindOrganization {
    type Answer = Organization;

    async fn run(self, office: Arc<Office>) -> Result<Organization, AccountError> {
        let found = namespace::find_entity(&office.deps.db, &self.name).await?;
        let id = found.ok_or(AccountError::NotFound)?.id;
        let found = organization::find_organization(&office.deps.db, id).await?;
        found.ok_or(AccountError::NotFound)
    }
}
