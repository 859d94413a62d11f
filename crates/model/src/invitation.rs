//! Invitations into teams, and what invited users are told of them.
//!
//! An invitation is for a user or for an address. Its code is the word that answers it.

use serde_json::Value;
use uuid::Uuid;

use crate::ids::{AccountId, NamespaceId, TeamId};
use crate::query::{queries, record};

record! {
    /// Somebody who is invited.
    pub struct Invitee {
        /// The user's name; `None` for an address.
        pub name: Option<String>,
        /// The address; `None` for a user.
        pub email: Option<String>,
        /// The user's address.
        pub account_email: Option<String>,
    }
}

record! {
    /// An invitation that was answered.
    pub struct AnsweredInvite {
        /// The organization.
        pub organization_id: NamespaceId,
        /// Its name.
        pub organization: String,
        /// The team.
        pub team_id: TeamId,
        /// Its name.
        pub team: String,
        /// Who invited; `None` when that user is gone.
        pub inviter: Option<String>,
    }
}

queries! {
    /// Lists who is invited into a team.
    fn list_invites(team: TeamId) -> many Invitee = LIST_TEAM_INVITES;
    /// Invites a user; answers the invitation's id.
    fn invite_account(team: TeamId, account: AccountId, inviter: AccountId) -> one Uuid = INVITE_ACCOUNT;
    /// Invites an address; answers the invitation's id.
    fn invite_email(team: TeamId, email: &str, inviter: AccountId) -> one Uuid = INVITE_EMAIL;
    /// Takes back a user's invitation; answers its id.
    fn delete_of_account(team: TeamId, account: AccountId) -> maybe Uuid = DELETE_ACCOUNT_INVITE;
    /// Takes back an address's invitation; answers its id.
    fn delete_of_email(team: TeamId, email: &str) -> maybe Uuid = DELETE_EMAIL_INVITE;
    /// Ends an invitation that this user may answer.
    fn take_invite(id: Uuid, account: AccountId) -> maybe AnsweredInvite = TAKE_INVITE;
    /// Finds the user an invitation is for.
    fn find_invitee(id: Uuid) -> maybe String = FIND_INVITEE;
    /// Tells a user something, once for each thing it is about.
    fn insert_notice(kind: &str, target: AccountId, metadata: &Value, about: &str) -> changed = INSERT_NOTICE;
    /// Takes back what users were told about a thing.
    fn delete_notices(about: &str) -> changed = DELETE_NOTICES;
}
