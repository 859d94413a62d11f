//! Taking ownership of a namespace, as superusers may.
//!
//! An organization gets the superuser into its team `owners`, which is made anew when it is gone. A
//! user's namespace becomes an organization first: nobody logs in as that user any more.
//!
//! Quay: `endpoints/api/superuser.py`, `SuperUserTakeOwnership`.

use std::sync::Arc;

use serde_json::json;
use slipway_model::audit::{Origin, log};
use slipway_model::namespace::{find_entity, raise_epochs};
use slipway_model::{AccountId, NamespaceId, Transaction, organization, team};

use super::{AccountError, Office, Work};

const OWNERS: &str = "owners";

/// Makes a superuser an administrator of a namespace.
#[derive(Debug)]
pub struct TakeOwnership {
    /// The namespace's name.
    pub namespace: String,
    /// The superuser.
    pub superuser: AccountId,
    /// The superuser's name.
    pub superuser_name: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for TakeOwnership {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let found = find_entity(&transaction, &self.namespace).await?;
        let found = found
            .filter(|found| found.kind != "robot")
            .ok_or(AccountError::NotFound)?;
        if found.id.0 == self.superuser.0 {
            let text = "Cannot take ownership of your own namespace";
            return Err(AccountError::Rejected(text.to_owned()));
        }
        let was_user = found.kind == "user";
        if was_user {
            raise_epochs(&transaction, &[found.id.0]).await?;
            organization::convert_user(&transaction, found.id).await?;
        }
        own(&transaction, found.id, self.superuser).await?;
        let metadata = json!({
            "entity_id": found.id.0,
            "namespace": self.namespace,
            "was_user": was_user,
            "superuser": self.superuser_name,
        });
        log(
            &transaction,
            "take_ownership",
            self.superuser.into(),
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Puts an account into the team `owners`, which administers the organization afterwards.
async fn own(
    transaction: &Transaction<'_>,
    id: NamespaceId,
    account: AccountId,
) -> Result<(), AccountError> {
    super::organization::lock(transaction, id).await?;
    let owners = match team::find_team(transaction, id, OWNERS).await? {
        Some(found) => {
            team::change_team(transaction, found.id, "admin", &found.description).await?;
            found.id
        }
        None => team::insert_team(transaction, id, OWNERS, "admin", "").await?,
    };
    team::add_member(transaction, owners, account).await?;
    Ok(())
}
