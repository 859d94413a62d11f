//! What a user has granted to applications, as that user sees it, and tokens offered to it.
//!
//! Ending a grant outdates the registry tokens it was used for. Quay: `endpoints/api/user.py`.

use std::sync::Arc;

use slipway_model::audit::{Origin, log};
use slipway_model::oauth_grant;
pub use slipway_model::oauth_grant::{Assignment, Grant};
use slipway_model::{AccountId, namespace};
use uuid::Uuid;

use super::application::revoked;
use super::{AccountError, Office, Work};

/// Lists the grants of an account, the oldest first.
#[derive(Debug)]
pub struct ListGrants {
    /// Whose.
    pub account: AccountId,
}

impl Work for ListGrants {
    type Answer = Vec<Grant>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<Grant>, AccountError> {
        Ok(oauth_grant::list_grants(&office.deps.db, self.account, None).await?)
    }
}

/// Reads a grant.
#[derive(Debug)]
pub struct GetGrant {
    /// Whose.
    pub account: AccountId,
    /// The token.
    pub id: Uuid,
}

impl Work for GetGrant {
    type Answer = Grant;

    async fn run(self, office: Arc<Office>) -> Result<Grant, AccountError> {
        let found = oauth_grant::list_grants(&office.deps.db, self.account, Some(self.id)).await?;
        found.into_iter().next().ok_or(AccountError::NotFound)
    }
}

/// Ends a grant.
#[derive(Debug)]
pub struct EndGrant {
    /// Whose.
    pub account: AccountId,
    /// The token.
    pub id: Uuid,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for EndGrant {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let ended = oauth_grant::delete_grant(&transaction, self.account, self.id).await?;
        let ended = ended.ok_or(AccountError::NotFound)?;
        namespace::raise_epochs(&transaction, &[self.account.0]).await?;
        let metadata = revoked(&ended.name, &ended.client_id, self.id);
        let place = self.account.into();
        log(
            &transaction,
            "revoke_oauth_api_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Lists tokens that were offered to an account.
#[derive(Debug)]
pub struct ListAssignments {
    /// To whom.
    pub account: AccountId,
}

impl Work for ListAssignments {
    type Answer = Vec<Assignment>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<Assignment>, AccountError> {
        Ok(oauth_grant::list_assignments(&office.deps.db, self.account, None).await?)
    }
}

/// Takes an offer away.
#[derive(Debug)]
pub struct DeleteAssignment {
    /// To whom it was made.
    pub account: AccountId,
    /// The offer.
    pub id: Uuid,
}

impl Work for DeleteAssignment {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        match oauth_grant::delete_assignment(&office.deps.db, self.account, self.id).await? {
            0 => Err(AccountError::NotFound),
            _ => Ok(()),
        }
    }
}
