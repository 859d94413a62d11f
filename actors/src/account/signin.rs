//! Signing in and out, and giving the password again.
//!
//! Quay: `endpoints/api/user.py`, `endpoints/common.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_model::audit::{Origin, Place, log};
use slipway_model::{AccountId, user};

use super::admission::Caller;
use super::flood::address_of;
use super::session::{NewSession, renew_login};
use super::{AccountError, Office, Work, invite, login};

/// Signs in with a name or an e-mail and a password.
#[derive(Debug)]
pub struct SignIn {
    /// The name or e-mail.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The code of a team's invitation.
    pub invite_code: Option<String>,
    /// Where the request comes from.
    pub origin: Origin,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Work for SignIn {
    type Answer = NewSession;

    async fn run(self, office: Arc<Office>) -> Result<NewSession, AccountError> {
        let address = address_of(&self.origin);
        let checked = login::check(&office, &self.username, &self.password, address).await;
        match checked {
            Ok(login) => self.open(&office, login.id).await,
            Err(error) => {
                self.record_failure(&office, &error).await?;
                Err(error)
            }
        }
    }
}

impl SignIn {
    async fn open(&self, office: &Office, account: AccountId) -> Result<NewSession, AccountError> {
        let db = &office.deps.db;
        let profile = user::find_profile(db, account).await?;
        let profile = profile.ok_or(AccountError::WrongPassword)?;
        let mut connection = db.connection().await?;
        let transaction = connection.begin().await?;
        let invite = invite::read_code(self.invite_code.as_deref());
        let origin = Origin {
            performer: Some(account),
            ..self.origin.clone()
        };
        let name = &profile.name;
        let proves = invite::accept(&transaction, invite, account, name, &origin).await?;
        if office.outbox.is_some() && !profile.verified {
            if !proves {
                return Err(AccountError::Unverified);
            }
            user::set_verified(&transaction, account).await?;
        }
        if office.settings.users.log_logins {
            let metadata = json!({ "type": "quayauth", "useragent": self.user_agent });
            let place = account.into();
            log(&transaction, "login_success", place, &self.origin, metadata).await?;
        }
        transaction.commit().await?;
        office.begin_session(account).await
    }

    async fn record_failure(
        &self,
        office: &Office,
        error: &AccountError,
    ) -> Result<(), AccountError> {
        let is_credential = matches!(error, AccountError::WrongPassword | AccountError::Disabled);
        if !is_credential || !office.settings.users.log_login_failures {
            return Ok(());
        }
        let db = &office.deps.db;
        let known = user::find_user(db, &self.username).await?;
        let metadata = json!({
            "type": "quayauth",
            "kind": "user",
            "useragent": self.user_agent,
            "username": self.username,
            "message": error.to_string(),
        });
        let place = known.map_or_else(Place::default, Place::from);
        Ok(log(db, "login_failure", place, &self.origin, metadata).await?)
    }
}

/// Gives the password again, for operations that need a fresh login; answers the new CSRF token
/// when there is a session.
#[derive(Debug)]
pub struct VerifyPassword {
    /// Who asks.
    pub caller: Caller,
    /// The password.
    pub password: Secret,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for VerifyPassword {
    type Answer = Option<String>;

    async fn run(self, office: Arc<Office>) -> Result<Option<String>, AccountError> {
        let address = address_of(&self.origin);
        login::check(&office, self.caller.name(), &self.password, address).await?;
        match &self.caller.session_token {
            Some(token) => renew_login(&office, token).await.map(Some),
            None => Ok(None),
        }
    }
}
