//! Invitations into teams: by name, by address, and the answers to them.
//!
//! The code of an invitation answers it. A user's invitation can be answered by that user only; one
//! for an address by whoever holds its code.
//!
//! Quay: `endpoints/api/team.py`, `data/model/team.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_model::audit::{Origin, log};
use slipway_model::invitation::{self, AnsweredInvite};
use slipway_model::namespace::Entity;
use slipway_model::{AccountId, TeamId, Transaction, team};
use uuid::Uuid;

use super::organization::lock;
use super::team::TeamPlace;
use super::user::check_mailable;
use super::{AccountError, Office, Work};
use crate::mail::Letter;

const CODE_PREFIX: &str = "urn:teaminvite:";

/// The code of an invitation.
pub(super) fn code(id: Uuid) -> String {
    format!("{CODE_PREFIX}{id}")
}

fn read_code(text: &str) -> Option<Uuid> {
    let id = text.strip_prefix(CODE_PREFIX)?;
    Uuid::parse_str(id).ok()
}

/// Says whether a text has the form of a code.
#[must_use]
pub fn is_code(text: &str) -> bool {
    read_code(text).is_some()
}

/// Invites a user and tells it so, by mail too where it has an address.
pub(super) async fn invite(
    office: &Office,
    transaction: &Transaction<'_>,
    place: &TeamPlace,
    team: TeamId,
    invited: &Entity,
) -> Result<(), AccountError> {
    let account = AccountId(invited.id.0);
    let id = invitation::invite_account(transaction, team, account, place.caller).await?;
    let code = code(id);
    if let Some(email) = &invited.email {
        mail(office, transaction, place, email, &code).await?;
    }
    let metadata = json!({
        "code": code,
        "inviter": place.caller_name,
        "org": place.organization_name,
        "team": place.team,
    });
    invitation::insert_notice(transaction, "org_team_invite", account, &metadata, &code).await?;
    Ok(())
}

/// Writes the letter that carries a code; whoever asks again has it sent again.
async fn mail(
    office: &Office,
    transaction: &Transaction<'_>,
    place: &TeamPlace,
    email: &str,
    code: &str,
) -> Result<(), AccountError> {
    let letter = Letter::TeamInvite {
        inviter: &place.caller_name,
        organization: &place.organization_name,
        team: &place.team,
        code,
    };
    office.post(transaction, email, &letter).await
}

/// Invites an address into a team.
#[derive(Debug)]
pub struct InviteEmail {
    /// Which team.
    pub place: TeamPlace,
    /// The address.
    pub email: String,
}

impl Work for InviteEmail {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let (place, email) = (&self.place, &self.email);
        check_mailable(email)?;
        lock(&transaction, place.organization).await?;
        let found = place.find(&transaction).await?;
        let id = invitation::invite_email(&transaction, found.id, email, place.caller).await?;
        mail(&office, &transaction, place, email, &code(id)).await?;
        let metadata = json!({ "email": email, "team": found.name, "member": email });
        place
            .log(&transaction, "org_invite_team_member", metadata)
            .await?;
        transaction.commit().await?;
        office.wake_mail();
        Ok(())
    }
}

/// Takes an address's invitation back.
#[derive(Debug)]
pub struct DeleteEmailInvite {
    /// Which team.
    pub place: TeamPlace,
    /// The address.
    pub email: String,
}

impl Work for DeleteEmailInvite {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let (place, email) = (&self.place, &self.email);
        lock(&transaction, place.organization).await?;
        let found = place.find(&transaction).await?;
        let deleted = invitation::delete_of_email(&transaction, found.id, email).await?;
        deleted.ok_or(AccountError::NotFound)?;
        let metadata = json!({ "email": email, "team": found.name, "member": email });
        place
            .log(&transaction, "org_delete_team_member_invite", metadata)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// What a user says to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteAnswer {
    /// Joins the team.
    Accept,
    /// Stays out of it.
    Decline,
}

/// Answers an invitation.
#[derive(Debug)]
pub struct AnswerInvite {
    /// Its code.
    pub code: String,
    /// What the user says.
    pub answer: InviteAnswer,
    /// The user.
    pub account: AccountId,
    /// Its name.
    pub username: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for AnswerInvite {
    type Answer = AnsweredInvite;

    async fn run(self, office: Arc<Office>) -> Result<AnsweredInvite, AccountError> {
        let unknown = || AccountError::Rejected("Invalid confirmation code.".to_owned());
        let id = read_code(&self.code).ok_or_else(unknown)?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let Some(taken) = invitation::take_invite(&transaction, id, self.account).await? else {
            return Err(match invitation::find_invitee(&transaction, id).await? {
                Some(name) => AccountError::Rejected(format!(
                    "This invite is intended for user '{name}'.\nPlease login to that account and try again."
                )),
                None => unknown(),
            });
        };
        let kind = match self.answer {
            InviteAnswer::Accept => {
                team::add_member(&transaction, taken.team_id, self.account).await?;
                "org_team_member_invite_accepted"
            }
            InviteAnswer::Decline => "org_team_member_invite_declined",
        };
        invitation::delete_notices(&transaction, &code(id)).await?;
        let metadata = json!({
            "member": self.username, "team": taken.team, "inviter": taken.inviter,
        });
        let place = taken.organization_id.into();
        log(&transaction, kind, place, &self.origin, metadata).await?;
        transaction.commit().await?;
        Ok(taken)
    }
}
