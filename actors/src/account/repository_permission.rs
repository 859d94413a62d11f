//! Roles on a repository: giving, changing and taking them.
//!
//! A role that shrinks or goes outdates the registry tokens of whoever held it, in the same
//! transaction, so that a push under way ends too.
//!
//! Quay: `endpoints/api/permission.py`, `data/model/permission.py`.

use std::sync::Arc;

use serde_json::{Value, json};
use slipway_model::audit::{Origin, Place, log};
use slipway_model::namespace::{find_entity, raise_epochs};
use slipway_model::repository_permission::{self as roles, AccountRole, TeamRole};
use slipway_model::{AccountId, NamespaceId, RepositoryId, Run, TeamId, Transaction, team};

use super::{AccountError, Office, Work, access};

/// A repository by its rows and names.
#[derive(Debug, Clone)]
pub struct RepositoryPlace {
    /// The repository.
    pub repository: RepositoryId,
    /// Its namespace.
    pub namespace: NamespaceId,
    /// The namespace's name.
    pub namespace_name: String,
    /// The repository's name, without its namespace.
    pub name: String,
}

impl RepositoryPlace {
    async fn log(
        &self,
        transaction: &Transaction<'_>,
        kind: &str,
        origin: &Origin,
        metadata: Value,
    ) -> Result<(), AccountError> {
        let place = Place {
            namespace: Some(self.namespace),
            repository: Some(self.repository),
        };
        Ok(log(transaction, kind, place, origin, metadata).await?)
    }
}

/// Whose role it is, by name.
#[derive(Debug, Clone)]
pub enum Holder {
    /// A user or robot.
    Account(String),
    /// A team of the repository's organization.
    Team(String),
}

/// Asks for the roles of users and robots.
#[derive(Debug)]
pub struct ListAccountRoles {
    /// On which repository.
    pub place: RepositoryPlace,
    /// Of one account only.
    pub only: Option<String>,
}

impl Work for ListAccountRoles {
    type Answer = Vec<AccountRole>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<AccountRole>, AccountError> {
        let (db, place) = (&office.deps.db, &self.place);
        let only = match &self.only {
            Some(name) => match find_account(db, name).await? {
                Some(id) => Some(id),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        Ok(roles::list_accounts(db, place.repository, place.namespace, only).await?)
    }
}

/// Asks for the roles of teams.
#[derive(Debug)]
pub struct ListTeamRoles {
    /// On which repository.
    pub place: RepositoryPlace,
    /// Of one team only.
    pub only: Option<String>,
}

impl Work for ListTeamRoles {
    type Answer = Vec<TeamRole>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<TeamRole>, AccountError> {
        let (db, place) = (&office.deps.db, &self.place);
        let only = match &self.only {
            Some(name) => match team::find_team(db, place.namespace, name).await? {
                Some(found) => Some(found.id),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        Ok(roles::list_teams(db, place.repository, only).await?)
    }
}

/// Asks for all roles a user holds on a repository, by itself and by its teams.
#[derive(Debug)]
pub struct ListTransitiveRoles {
    /// On which repository.
    pub repository: RepositoryId,
    /// The user's name.
    pub username: String,
}

impl Work for ListTransitiveRoles {
    type Answer = Vec<String>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<String>, AccountError> {
        let found = find_account(&office.deps.db, &self.username).await?;
        let account = found.ok_or(AccountError::NotFound)?;
        Ok(roles::list_roles(&office.deps.db, self.repository, account).await?)
    }
}

async fn find_account(run: &impl Run, name: &str) -> Result<Option<AccountId>, AccountError> {
    let found = find_entity(run, name).await?;
    let found = found.filter(|found| found.kind != "organization");
    Ok(found.map(|found| AccountId(found.id.0)))
}

/// Whose role it is, by row.
#[derive(Debug, Clone, Copy)]
enum HolderRow {
    Account(AccountId),
    Team(TeamId),
}

impl HolderRow {
    async fn find(
        run: &impl Run,
        place: &RepositoryPlace,
        holder: &Holder,
    ) -> Result<Option<Self>, AccountError> {
        Ok(match holder {
            Holder::Account(name) => find_account(run, name).await?.map(Self::Account),
            Holder::Team(name) => {
                let found = team::find_team(run, place.namespace, name).await?;
                found.map(|found| Self::Team(found.id))
            }
        })
    }

    async fn role(
        self,
        run: &impl Run,
        place: &RepositoryPlace,
    ) -> Result<Option<String>, AccountError> {
        let found = match self {
            Self::Account(id) => {
                let rows =
                    roles::list_accounts(run, place.repository, place.namespace, Some(id)).await?;
                rows.into_iter().next().map(|row| row.role)
            }
            Self::Team(id) => {
                let rows = roles::list_teams(run, place.repository, Some(id)).await?;
                rows.into_iter().next().map(|row| row.role)
            }
        };
        Ok(found)
    }

    /// Outdates the registry tokens of whoever has the role.
    async fn outdate(self, transaction: &Transaction<'_>) -> Result<(), AccountError> {
        let ids: Vec<i64> = match self {
            Self::Account(id) => vec![id.0],
            Self::Team(id) => {
                let members = team::list_members(transaction, id).await?;
                members.iter().map(|member| member.id.0).collect()
            }
        };
        raise_epochs(transaction, &ids).await?;
        Ok(())
    }
}

/// Refuses to change what the owner of a user's namespace may do there.
fn check_owner(place: &RepositoryPlace, holder: &Holder) -> Result<(), AccountError> {
    match holder {
        Holder::Account(name) if *name == place.namespace_name => Err(AccountError::Invalid(
            "Namespace owner must always be admin.".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn metadata(place: &RepositoryPlace, holder: &Holder, role: Option<&str>) -> Value {
    let (key, name) = match holder {
        Holder::Account(name) => ("username", name),
        Holder::Team(name) => ("team", name),
    };
    let mut metadata = json!({ "namespace": place.namespace_name, "repo": place.name });
    if let Some(members) = metadata.as_object_mut() {
        members.insert(key.to_owned(), json!(name));
        if let Some(role) = role {
            members.insert("role".to_owned(), json!(role));
        }
    }
    metadata
}

/// Gives somebody a role in place of the one they have.
#[derive(Debug)]
pub struct SetRole {
    /// On which repository.
    pub place: RepositoryPlace,
    /// To whom.
    pub holder: Holder,
    /// `read`, `write` or `admin`.
    pub role: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for SetRole {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        check_owner(&self.place, &self.holder)?;
        let place = &self.place;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = HolderRow::find(&transaction, place, &self.holder).await?;
        let row = row.ok_or_else(|| {
            AccountError::Invalid(match &self.holder {
                Holder::Account(name) => format!("Invalid username: {name}"),
                Holder::Team(name) => {
                    format!("No team {name} in organization {}", place.namespace_name)
                }
            })
        })?;
        let before = row.role(&transaction, place).await?;
        match row {
            HolderRow::Account(id) => {
                roles::set_account(&transaction, place.repository, id, &self.role).await?
            }
            HolderRow::Team(id) => {
                roles::set_team(&transaction, place.repository, id, &self.role).await?
            }
        };
        let before = before.as_deref().and_then(access::repository_role);
        if access::repository_role(&self.role) < before {
            row.outdate(&transaction).await?;
        }
        let metadata = metadata(place, &self.holder, Some(&self.role));
        let kind = "change_repo_permission";
        place
            .log(&transaction, kind, &self.origin, metadata)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Takes somebody's role.
#[derive(Debug)]
pub struct DeleteRole {
    /// On which repository.
    pub place: RepositoryPlace,
    /// Whose.
    pub holder: Holder,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteRole {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        check_owner(&self.place, &self.holder)?;
        let place = &self.place;
        let absent = || {
            let noun = match &self.holder {
                Holder::Account(_) => "User",
                Holder::Team(_) => "Team",
            };
            AccountError::Invalid(format!("{noun} does not have permission for repo."))
        };
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = HolderRow::find(&transaction, place, &self.holder).await?;
        let row = row.ok_or_else(absent)?;
        let deleted = match row {
            HolderRow::Account(id) => {
                roles::delete_account(&transaction, place.repository, id).await?
            }
            HolderRow::Team(id) => roles::delete_team(&transaction, place.repository, id).await?,
        };
        if deleted == 0 {
            return Err(absent());
        }
        row.outdate(&transaction).await?;
        let metadata = metadata(place, &self.holder, None);
        let kind = "delete_repo_permission";
        place
            .log(&transaction, kind, &self.origin, metadata)
            .await?;
        Ok(transaction.commit().await?)
    }
}
