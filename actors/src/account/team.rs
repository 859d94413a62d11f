//! Teams: making and changing them, and who is in them.
//!
//! Whoever loses something by a change, by leaving or by the team's end has its registry tokens
//! outdated in the same transaction. A user cannot take the last admin role from itself.
//!
//! Quay: `endpoints/api/team.py`, `data/model/team.py`.

use std::sync::Arc;

use serde_json::{Value, json};
use slipway_auth::permission::TeamRole;
use slipway_model::audit::{Origin, log};
use slipway_model::invitation::{self, Invitee};
use slipway_model::namespace::{Entity, find_entity, raise_epochs};
use slipway_model::team::{self, Member, Team, TeamPermission};
use slipway_model::{AccountId, NamespaceId, Run, TeamId, Transaction, organization};
use slipway_oci::NamespaceName;

use super::organization::lock;
use super::team_invite::{code, invite};
use super::{AccountError, Office, Work, access};

/// A team by the names in a path, and who changes it.
#[derive(Debug, Clone)]
pub struct TeamPlace {
    /// The organization.
    pub organization: NamespaceId,
    /// Its name.
    pub organization_name: String,
    /// The team's name.
    pub team: String,
    /// Who asks.
    pub caller: AccountId,
    /// Who asks, by name.
    pub caller_name: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl TeamPlace {
    pub(super) async fn find(&self, run: &impl Run) -> Result<Team, AccountError> {
        let found = team::find_team(run, self.organization, &self.team).await?;
        found.ok_or(AccountError::NotFound)
    }

    pub(super) async fn log(
        &self,
        transaction: &Transaction<'_>,
        kind: &str,
        metadata: Value,
    ) -> Result<(), AccountError> {
        let place = self.organization.into();
        Ok(log(transaction, kind, place, &self.origin, metadata).await?)
    }
}

/// Makes a team, or changes one.
#[derive(Debug)]
pub struct PutTeam {
    /// Which.
    pub place: TeamPlace,
    /// Its role: `member`, `creator` or `admin`.
    pub role: String,
    /// What it is for; `None` leaves it as it is.
    pub description: Option<String>,
}

/// A team that was made or changed.
#[derive(Debug, Clone)]
pub struct TeamPut {
    /// Its role.
    pub role: String,
    /// What it is for.
    pub description: String,
    /// Whether it is new.
    pub is_new: bool,
}

impl Work for PutTeam {
    type Answer = TeamPut;

    async fn run(self, office: Arc<Office>) -> Result<TeamPut, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        lock(&transaction, self.place.organization).await?;
        let place = &self.place;
        let found = team::find_team(&transaction, place.organization, &place.team).await?;
        let put = match found {
            Some(found) => self.change(&transaction, found).await?,
            None => self.create(&transaction).await?,
        };
        transaction.commit().await?;
        Ok(put)
    }
}

impl PutTeam {
    async fn create(&self, transaction: &Transaction<'_>) -> Result<TeamPut, AccountError> {
        let (place, name) = (&self.place, &self.place.team);
        NamespaceName::parse(name).map_err(|_| {
            AccountError::Rejected(format!(
                "Invalid team name {name}: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
            ))
        })?;
        let description = self.description.clone().unwrap_or_default();
        team::insert_team(
            transaction,
            place.organization,
            name,
            &self.role,
            &description,
        )
        .await?;
        place
            .log(transaction, "org_create_team", json!({ "team": name }))
            .await?;
        Ok(TeamPut {
            role: self.role.clone(),
            description,
            is_new: true,
        })
    }

    async fn change(
        &self,
        transaction: &Transaction<'_>,
        found: Team,
    ) -> Result<TeamPut, AccountError> {
        let place = &self.place;
        let description = self.description.as_ref().unwrap_or(&found.description);
        if *description != found.description {
            let metadata = json!({ "team": found.name, "description": description });
            place
                .log(transaction, "org_set_team_description", metadata)
                .await?;
        }
        if self.role != found.role {
            self.check_own_admin(transaction, &found).await?;
            team::change_team(transaction, found.id, &self.role, description).await?;
            if access::team_role(&found.role) == Some(TeamRole::Admin)
                && !has_admins(transaction, place.organization).await?
            {
                return Err(self.no_admin_left(&found));
            }
            let (before, after) = (
                access::team_role(&found.role),
                access::team_role(&self.role),
            );
            if after < before {
                outdate_members(transaction, found.id).await?;
            }
            let metadata = json!({ "team": found.name, "role": self.role });
            place
                .log(transaction, "org_set_team_role", metadata)
                .await?;
        }
        team::change_team(transaction, found.id, &self.role, description).await?;
        Ok(TeamPut {
            role: self.role.clone(),
            description: description.clone(),
            is_new: false,
        })
    }

    /// Refuses to end the only admin role that the caller has in the organization.
    async fn check_own_admin(
        &self,
        transaction: &Transaction<'_>,
        found: &Team,
    ) -> Result<(), AccountError> {
        let place = &self.place;
        if access::team_role(&found.role) != Some(TeamRole::Admin) {
            return Ok(());
        }
        let (organization, caller) = (place.organization, place.caller);
        let is_member = team::is_member(transaction, organization, &found.name, caller).await?;
        let others =
            team::count_other_admin_teams(transaction, organization, caller, found.id).await?;
        if is_member && others == 0 {
            return Err(self.no_admin_left(found));
        }
        Ok(())
    }

    fn no_admin_left(&self, found: &Team) -> AccountError {
        AccountError::Rejected(format!(
            "Cannot remove admin from team '{}' because calling user would no longer have admin on org '{}'",
            found.name, self.place.organization_name
        ))
    }
}

/// Says whether an enabled user administers the organization.
async fn has_admins(transaction: &Transaction<'_>, id: NamespaceId) -> Result<bool, AccountError> {
    Ok(organization::count_admins(transaction, id).await? > 0)
}

/// Outdates the registry tokens of a team's members.
async fn outdate_members(transaction: &Transaction<'_>, id: TeamId) -> Result<(), AccountError> {
    let members = team::list_members(transaction, id).await?;
    let ids: Vec<i64> = members.iter().map(|member| member.id.0).collect();
    raise_epochs(transaction, &ids).await?;
    Ok(())
}

/// Ends a team.
#[derive(Debug)]
pub struct DeleteTeam {
    /// Which.
    pub place: TeamPlace,
}

impl Work for DeleteTeam {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let place = &self.place;
        lock(&transaction, place.organization).await?;
        let (name, organization) = (&place.team, &place.organization_name);
        let found = place
            .find(&transaction)
            .await
            .map_err(|error| match error {
                AccountError::NotFound => AccountError::Rejected(format!(
                    "Team '{name}' is not a team in org '{organization}'"
                )),
                other => other,
            })?;
        if access::team_role(&found.role) == Some(TeamRole::Admin) {
            let id = place.organization;
            let others =
                team::count_other_admin_teams(&transaction, id, place.caller, found.id).await?;
            if others == 0 {
                return Err(AccountError::Rejected(format!(
                    "Deleting team '{name}' would remove admin ability for user '{}' in organization '{organization}'",
                    place.caller_name
                )));
            }
        }
        outdate_members(&transaction, found.id).await?;
        team::delete_team(&transaction, found.id).await?;
        place
            .log(&transaction, "org_delete_team", json!({ "team": name }))
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Asks who is in a team.
#[derive(Debug)]
pub struct ListTeamMembers {
    /// Which organization.
    pub organization: NamespaceId,
    /// The team's name.
    pub team: String,
    /// Whether those who are invited are asked for too.
    pub with_invited: bool,
}

impl Work for ListTeamMembers {
    type Answer = (Vec<Member>, Vec<Invitee>);

    async fn run(self, office: Arc<Office>) -> Result<Self::Answer, AccountError> {
        let db = &office.deps.db;
        let found = team::find_team(db, self.organization, &self.team).await?;
        let found = found.ok_or(AccountError::NotFound)?;
        let members = team::list_members(db, found.id).await?;
        let invited = if self.with_invited {
            invitation::list_invites(db, found.id).await?
        } else {
            Vec::new()
        };
        Ok((members, invited))
    }
}

/// Asks for the repositories a team has a role on.
#[derive(Debug)]
pub struct ListTeamPermissions {
    /// Which organization.
    pub organization: NamespaceId,
    /// The team's name.
    pub team: String,
}

impl Work for ListTeamPermissions {
    type Answer = Vec<TeamPermission>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<TeamPermission>, AccountError> {
        let db = &office.deps.db;
        let found = team::find_team(db, self.organization, &self.team).await?;
        let found = found.ok_or(AccountError::NotFound)?;
        Ok(team::list_permissions(db, found.id).await?)
    }
}

/// Puts a user or a robot of the organization into a team, or invites a user who is in none.
#[derive(Debug)]
pub struct AddTeamMember {
    /// Which team.
    pub place: TeamPlace,
    /// The account's name.
    pub member: String,
}

/// Somebody who was added or invited.
#[derive(Debug, Clone)]
pub struct AddedMember {
    /// Its name.
    pub name: String,
    /// `user` or `robot`.
    pub kind: String,
    /// Its address.
    pub email: Option<String>,
    /// Whether it was invited and may still decline.
    pub is_invited: bool,
}

impl Work for AddTeamMember {
    type Answer = AddedMember;

    async fn run(self, office: Arc<Office>) -> Result<AddedMember, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let place = &self.place;
        lock(&transaction, place.organization).await?;
        let team = place.find(&transaction).await?;
        let found = find_entity(&transaction, &self.member).await?;
        let found = found.filter(|found| found.kind != "organization");
        let found = found.ok_or_else(|| AccountError::Invalid("Unknown user".to_owned()))?;
        let is_invited = needs_invite(&office, &transaction, place, &found).await?;
        let account = AccountId(found.id.0);
        if is_invited {
            invite(&office, &transaction, place, team.id, &found).await?;
            let metadata = json!({ "user": found.name, "member": found.name, "team": place.team });
            place
                .log(&transaction, "org_invite_team_member", metadata)
                .await?;
        } else {
            add(&transaction, &team, account, &found.name).await?;
            let metadata = json!({ "member": found.name, "team": place.team });
            place
                .log(&transaction, "org_add_team_member", metadata)
                .await?;
        }
        transaction.commit().await?;
        office.wake_mail();
        Ok(AddedMember {
            name: found.name,
            kind: found.kind,
            email: found.email,
            is_invited,
        })
    }
}

/// Says whether somebody must agree before being in a team.
async fn needs_invite(
    office: &Office,
    transaction: &Transaction<'_>,
    place: &TeamPlace,
    found: &Entity,
) -> Result<bool, AccountError> {
    if found.kind == "robot" {
        if found.owner_id == Some(place.organization) {
            return Ok(false);
        }
        let text = "Cannot add the specified robot to this team, as it is not a member of the organization";
        return Err(AccountError::Rejected(text.to_owned()));
    }
    if !(office.settings.has_mail() && office.settings.require_team_invite) {
        return Ok(false);
    }
    let account = AccountId(found.id.0);
    let is_here = team::is_in_organization(transaction, place.organization, account).await?;
    Ok(!is_here)
}

async fn add(
    transaction: &Transaction<'_>,
    found: &Team,
    account: AccountId,
    name: &str,
) -> Result<(), AccountError> {
    if team::add_member(transaction, found.id, account).await? == 0 {
        return Err(AccountError::Rejected(format!(
            "User '{name}' is already a member of team '{}'",
            found.name
        )));
    }
    Ok(())
}

/// Takes an account out of a team, or its invitation back.
#[derive(Debug)]
pub struct RemoveTeamMember {
    /// Which team.
    pub place: TeamPlace,
    /// The account's name.
    pub member: String,
}

impl Work for RemoveTeamMember {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let (place, member) = (&self.place, &self.member);
        lock(&transaction, place.organization).await?;
        let found = place.find(&transaction).await?;
        let entity = find_entity(&transaction, member).await?;
        let entity = entity.ok_or(AccountError::NotFound)?;
        let (account, is_user) = (AccountId(entity.id.0), entity.kind == "user");
        let invited = invitation::delete_of_account(&transaction, found.id, account).await?;
        if let Some(id) = invited {
            invitation::delete_notices(&transaction, &code(id)).await?;
            let metadata = json!({ "user": member, "team": found.name, "member": member });
            place
                .log(&transaction, "org_delete_team_member_invite", metadata)
                .await?;
            return Ok(transaction.commit().await?);
        }
        if team::remove_member(&transaction, found.id, account).await? == 0 {
            return Err(AccountError::Rejected(format!(
                "User {member} does not belong to team {}",
                found.name
            )));
        }
        check_own_admin(&transaction, place, &found, account).await?;
        let is_admin_team = access::team_role(&found.role) == Some(TeamRole::Admin);
        if is_admin_team && is_user && !has_admins(&transaction, place.organization).await? {
            let text = "Cannot remove user as they are the only organization admin";
            return Err(AccountError::Rejected(text.to_owned()));
        }
        raise_epochs(&transaction, &[account.0]).await?;
        let metadata = json!({ "member": member, "team": found.name });
        place
            .log(&transaction, "org_remove_team_member", metadata)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Refuses when a user would take the last admin role from itself.
async fn check_own_admin(
    transaction: &Transaction<'_>,
    place: &TeamPlace,
    found: &Team,
    account: AccountId,
) -> Result<(), AccountError> {
    let is_admin_team = access::team_role(&found.role) == Some(TeamRole::Admin);
    if account != place.caller || !is_admin_team {
        return Ok(());
    }
    let id = place.organization;
    let others = team::count_other_admin_teams(transaction, id, account, found.id).await?;
    if others == 0 {
        let text = "User cannot remove themselves from their only admin team.";
        return Err(AccountError::Rejected(text.to_owned()));
    }
    Ok(())
}
