//! Invitations to teams.

use uuid::Uuid;

use crate::ids::{AccountId, NamespaceId};
use crate::query::{queries, record};

record! {
    /// What came of an invitation.
    pub struct AcceptedInvite {
        /// The organization.
        pub organization_id: NamespaceId,
        /// The team.
        pub team: String,
        /// Who invited; `None` when that user is gone.
        pub inviter: Option<String>,
        /// Whether the invitation was mailed to the member's own address, which so is proven.
        pub proves_email: bool,
    }
}

queries! {
    /// Makes an account a member of the team it was invited to.
    fn accept_invite(id: Uuid, account: AccountId) -> maybe AcceptedInvite = ACCEPT_INVITE;
    /// Says whether an invitation waits.
    fn is_invite_open(id: Uuid) -> one bool = IS_INVITE_OPEN;
}
