//! Who belongs to an organization, and who works on its repositories without belonging to it.
//!
//! A member is in at least one team. A collaborator holds roles on repositories only.
//!
//! Quay: `endpoints/api/organization.py`, `data/model/organization.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_model::audit::{Origin, Place, log};
use slipway_model::namespace::{find_entity, raise_epochs};
use slipway_model::organization::{self, OrganizationGrant, OrganizationMember};
use slipway_model::{AccountId, NamespaceId};

use super::{AccountError, Office, Work};

/// The people of an organization, as rows: one for each team and one for each role.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Members of teams.
    pub members: Vec<OrganizationMember>,
    /// Roles that accounts hold by themselves.
    pub grants: Vec<OrganizationGrant>,
}

/// Asks for the people of an organization.
#[derive(Debug)]
pub struct ListPeople {
    /// Which organization.
    pub organization: NamespaceId,
}

impl Work for ListPeople {
    type Answer = People;

    async fn run(self, office: Arc<Office>) -> Result<People, AccountError> {
        people(&office, self.organization, None).await
    }
}

async fn people(
    office: &Office,
    id: NamespaceId,
    account: Option<AccountId>,
) -> Result<People, AccountError> {
    let db = &office.deps.db;
    Ok(People {
        members: organization::list_members(db, id, account).await?,
        grants: organization::list_grants(db, id, account).await?,
    })
}

/// A member with what it holds.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its name.
    pub name: String,
    /// `user` or `robot`.
    pub kind: String,
    /// Its address.
    pub email: Option<String>,
    /// The teams it is in.
    pub teams: Vec<String>,
    /// The repositories it holds roles on by itself.
    pub repositories: Vec<String>,
}

/// Asks for one member, or one robot of the organization.
#[derive(Debug)]
pub struct GetMember {
    /// Which organization.
    pub organization: NamespaceId,
    /// The member's name.
    pub name: String,
}

impl Work for GetMember {
    type Answer = Person;

    async fn run(self, office: Arc<Office>) -> Result<Person, AccountError> {
        let found = find_entity(&office.deps.db, &self.name).await?;
        let found = found.filter(|found| found.kind != "organization");
        let found = found.ok_or(AccountError::NotFound)?;
        let rows = people(&office, self.organization, Some(AccountId(found.id.0))).await?;
        let is_own_robot = found.owner_id == Some(self.organization);
        if rows.members.is_empty() && !is_own_robot {
            return Err(AccountError::NotFound);
        }
        Ok(Person {
            name: found.name,
            kind: found.kind,
            email: found.email,
            teams: rows.members.into_iter().map(|row| row.team).collect(),
            repositories: rows.grants.into_iter().map(|row| row.repository).collect(),
        })
    }
}

/// Takes a user out of all teams of an organization, and all its roles there.
#[derive(Debug)]
pub struct RemoveMember {
    /// Which organization.
    pub organization: NamespaceId,
    /// Its name.
    pub organization_name: String,
    /// The user's name.
    pub name: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for RemoveMember {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        super::organization::lock(&transaction, self.organization).await?;
        let found = find_entity(&transaction, &self.name).await?;
        let found = found.filter(|found| found.kind == "user");
        let account = AccountId(found.ok_or(AccountError::NotFound)?.id.0);
        let id = self.organization;
        let teams = organization::leave_teams(&transaction, id, account).await?;
        let left = organization::count_admins(&transaction, id).await?;
        if left == 0 && !teams.is_empty() {
            let text = "Cannot remove user as they are the only organization admin";
            return Err(AccountError::Rejected(text.to_owned()));
        }
        for team in teams {
            let metadata = json!({ "member": self.name, "team": team });
            let kind = "org_remove_team_member";
            log(&transaction, kind, id.into(), &self.origin, metadata).await?;
        }
        for row in organization::leave_repositories(&transaction, id, account).await? {
            let place = Place {
                namespace: Some(id),
                repository: Some(row.id),
            };
            let metadata = json!({
                "username": self.name, "namespace": self.organization_name, "repo": row.name,
            });
            let kind = "delete_repo_permission";
            log(&transaction, kind, place, &self.origin, metadata).await?;
        }
        raise_epochs(&transaction, &[account.0]).await?;
        Ok(transaction.commit().await?)
    }
}
