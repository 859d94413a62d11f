//! The end of a user: deleted, or made an organization.
//!
//! Quay: `endpoints/api/user.py`, `data/model/user.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_model::audit::{Origin, log};
use slipway_model::user::{self, Profile};
use slipway_model::{AccountId, Run};

use super::flood::address_of;
use super::session::NewSession;
use super::{AccountError, Office, Work, login};

/// Deletes the caller's own account.
#[derive(Debug)]
pub struct DeleteUser {
    /// Whose.
    pub account: AccountId,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteUser {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let profile = user::find_profile(&transaction, self.account).await?;
        let profile = profile.ok_or(AccountError::NotFound)?;
        refuse_last_admin(&transaction, &profile, "delete").await?;
        delete(&transaction, &profile, &self.origin).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Deletes a user, with its row in the usage log.
pub(crate) async fn delete(
    run: &impl Run,
    profile: &Profile,
    origin: &Origin,
) -> Result<(), AccountError> {
    user::delete_user(run, profile.id).await?;
    let metadata = json!({ "username": profile.name });
    log(run, "user_delete", profile.id.into(), origin, metadata).await?;
    Ok(())
}

async fn refuse_last_admin(
    run: &impl Run,
    profile: &Profile,
    verb: &str,
) -> Result<(), AccountError> {
    user::lock_admin_teams(run, profile.id).await?;
    let alone = user::list_sole_administered(run, profile.id).await?;
    if alone.is_empty() {
        return Ok(());
    }
    Err(AccountError::Rejected(format!(
        "Cannot {verb} {} as you are the only admin for organizations: {}",
        profile.name,
        alone.join(", ")
    )))
}

/// Makes the caller's account an organization that another user administers, and signs that user
/// in.
#[derive(Debug)]
pub struct ConvertUser {
    /// Whose account.
    pub account: AccountId,
    /// Who administers the organization.
    pub admin_name: String,
    /// That user's password.
    pub admin_password: Secret,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ConvertUser {
    type Answer = NewSession;

    async fn run(self, office: Arc<Office>) -> Result<NewSession, AccountError> {
        let db = &office.deps.db;
        let profile = user::find_profile(db, self.account).await?;
        let profile = profile.ok_or(AccountError::NotFound)?;
        if self.admin_name == profile.name {
            return Err(AccountError::InvalidAdmin("The admin user is not valid"));
        }
        let address = address_of(&self.origin);
        let checked = login::check(&office, &self.admin_name, &self.admin_password, address).await;
        let admin = checked.map_err(|error| match error {
            AccountError::WrongPassword | AccountError::Disabled => {
                AccountError::InvalidAdmin("The admin user credentials are not valid")
            }
            other => other,
        })?;
        if admin.id == profile.id {
            return Err(AccountError::InvalidAdmin("The admin user is not valid"));
        }
        let mut connection = db.connection().await?;
        let transaction = connection.begin().await?;
        refuse_last_admin(&transaction, &profile, "convert").await?;
        user::convert_user(&transaction, profile.id, admin.id).await?;
        let place = profile.id.into();
        log(
            &transaction,
            "account_convert",
            place,
            &self.origin,
            json!({}),
        )
        .await?;
        transaction.commit().await?;
        office.begin_session(admin.id).await
    }
}
