//! Default permissions: what an organization's new repositories grant by themselves.
//!
//! They are applied where a repository is made, by the SQL function `grant_on_creation`; what was
//! granted stays when a default permission changes.
//!
//! Quay: `endpoints/api/prototype.py`, `data/model/permission.py`.

use std::sync::Arc;

use serde_json::{Value, json};
use slipway_model::audit::{Origin, log};
use slipway_model::default_permission::{self as defaults, DefaultPermission};
use slipway_model::namespace::find_entity;
use slipway_model::{AccountId, NamespaceId, Run, TeamId, Transaction, team};
use uuid::Uuid;

use super::{AccountError, Office, Work};

/// Asks for the default permissions of an organization.
#[derive(Debug)]
pub struct ListDefaultPermissions {
    /// Which organization.
    pub organization: NamespaceId,
}

impl Work for ListDefaultPermissions {
    type Answer = Vec<DefaultPermission>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<DefaultPermission>, AccountError> {
        Ok(defaults::list_permissions(&office.deps.db, self.organization, None).await?)
    }
}

/// Who gets the role of a default permission, by name.
#[derive(Debug, Clone)]
pub enum Delegate {
    /// A user or robot.
    Account(String),
    /// A team of the organization.
    Team(String),
}

/// Who changes the default permissions of which organization.
#[derive(Debug, Clone)]
pub struct DefaultsPlace {
    /// The organization.
    pub organization: NamespaceId,
    /// Who asks, by name.
    pub caller_name: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl DefaultsPlace {
    async fn get(
        &self,
        transaction: &Transaction<'_>,
        id: Uuid,
    ) -> Result<DefaultPermission, AccountError> {
        let found = defaults::list_permissions(transaction, self.organization, Some(id)).await?;
        found.into_iter().next().ok_or(AccountError::NotFound)
    }

    async fn log(
        &self,
        transaction: &Transaction<'_>,
        kind: &str,
        found: &DefaultPermission,
        original_role: Option<&str>,
    ) -> Result<(), AccountError> {
        let mut metadata = json!({
            "prototypeid": found.id,
            "username": self.caller_name,
            "activating_username": found.creator_name,
            "role": found.role,
        });
        let delegate = match (&found.delegate_name, &found.delegate_team) {
            (Some(name), _) => ("delegate_user", name),
            (None, Some(team)) => ("delegate_team", team),
            (None, None) => return Err(AccountError::Internal("no delegate".to_owned())),
        };
        if let Some(members) = metadata.as_object_mut() {
            members.insert(delegate.0.to_owned(), json!(delegate.1));
            if let Some(role) = original_role {
                members.insert("original_role".to_owned(), Value::from(role));
            }
        }
        let place = self.organization.into();
        Ok(log(transaction, kind, place, &self.origin, metadata).await?)
    }
}

/// Makes a default permission.
#[derive(Debug)]
pub struct CreateDefaultPermission {
    /// Where.
    pub place: DefaultsPlace,
    /// Whose new repositories; `None` for everybody's.
    pub creator: Option<String>,
    /// Who gets the role.
    pub delegate: Delegate,
    /// `read`, `write` or `admin`.
    pub role: String,
}

impl Work for CreateDefaultPermission {
    type Answer = DefaultPermission;

    async fn run(self, office: Arc<Office>) -> Result<DefaultPermission, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        super::organization::lock(&transaction, self.place.organization).await?;
        let creator = match &self.creator {
            Some(name) => {
                let unknown = || AccountError::Invalid("Unknown activating user".to_owned());
                Some(
                    find_account(&transaction, name)
                        .await?
                        .ok_or_else(unknown)?,
                )
            }
            None => None,
        };
        let (account, team) = self.find_delegate(&transaction).await?;
        let id = self.place.organization;
        let made =
            defaults::insert_permission(&transaction, id, creator, account, team, &self.role)
                .await?;
        let made = self.place.get(&transaction, made).await?;
        let kind = "create_prototype_permission";
        self.place.log(&transaction, kind, &made, None).await?;
        transaction.commit().await?;
        Ok(made)
    }
}

impl CreateDefaultPermission {
    async fn find_delegate(
        &self,
        transaction: &Transaction<'_>,
    ) -> Result<(Option<AccountId>, Option<TeamId>), AccountError> {
        let (account, team) = match &self.delegate {
            Delegate::Account(name) => (find_account(transaction, name).await?, None),
            Delegate::Team(name) => {
                let found = team::find_team(transaction, self.place.organization, name).await?;
                (None, found.map(|found| found.id))
            }
        };
        if account.is_none() && team.is_none() {
            let text = "Missing delegate user or team";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        Ok((account, team))
    }
}

async fn find_account(run: &impl Run, name: &str) -> Result<Option<AccountId>, AccountError> {
    let found = find_entity(run, name).await?;
    let found = found.filter(|found| found.kind != "organization");
    Ok(found.map(|found| AccountId(found.id.0)))
}

/// Changes the role of a default permission.
#[derive(Debug)]
pub struct ChangeDefaultPermission {
    /// Where.
    pub place: DefaultsPlace,
    /// Which.
    pub id: Uuid,
    /// `read`, `write` or `admin`.
    pub role: String,
}

impl Work for ChangeDefaultPermission {
    type Answer = DefaultPermission;

    async fn run(self, office: Arc<Office>) -> Result<DefaultPermission, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let place = &self.place;
        super::organization::lock(&transaction, place.organization).await?;
        let before = place.get(&transaction, self.id).await?;
        defaults::set_role(&transaction, place.organization, self.id, &self.role).await?;
        let after = place.get(&transaction, self.id).await?;
        let (kind, original) = ("modify_prototype_permission", Some(before.role.as_str()));
        place.log(&transaction, kind, &after, original).await?;
        transaction.commit().await?;
        Ok(after)
    }
}

/// Ends a default permission.
#[derive(Debug)]
pub struct DeleteDefaultPermission {
    /// Where.
    pub place: DefaultsPlace,
    /// Which.
    pub id: Uuid,
}

impl Work for DeleteDefaultPermission {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let place = &self.place;
        super::organization::lock(&transaction, place.organization).await?;
        let found = place.get(&transaction, self.id).await?;
        defaults::delete_permission(&transaction, place.organization, self.id).await?;
        let kind = "delete_prototype_permission";
        place.log(&transaction, kind, &found, None).await?;
        Ok(transaction.commit().await?)
    }
}
