//! Signing in and out, and giving the password again.
//!
//! Quay: `endpoints/api/user.py`, `endpoints/common.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_model::account;
use slipway_model::audit::{Origin, log};

use super::admission::Caller;
use super::session::{NewSession, renew_login};
use super::{AccountError, Office, Work, login};

/// Signs in with a name or an e-mail and a password.
#[derive(Debug)]
pub struct SignIn {
    /// The name or e-mail.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Where the request comes from.
    pub origin: Origin,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Work for SignIn {
    type Answer = NewSession;

    async fn run(self, office: Arc<Office>) -> Result<NewSession, AccountError> {
        let found = login::check(&office, &self.username, &self.password).await?;
        let identity = account::find_identity(&office.deps.db, found.id).await?;
        let identity = identity.ok_or(AccountError::WrongPassword)?;
        if office.settings.mailing && !identity.verified {
            return Err(AccountError::Unverified);
        }
        let origin = Origin {
            performer: Some(identity.id),
            ..self.origin
        };
        let metadata = json!({
            "type": "quayauth",
            "useragent": self.user_agent,
            "username": identity.name,
        });
        let session = office.begin_session(identity.id).await?;
        log(
            &office.deps.db,
            "login_success",
            identity.id.into(),
            &origin,
            metadata,
        )
        .await?;
        Ok(session)
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
}

impl Work for VerifyPassword {
    type Answer = Option<String>;

    async fn run(self, office: Arc<Office>) -> Result<Option<String>, AccountError> {
        login::check(&office, self.caller.name(), &self.password).await?;
        match &self.caller.session_token {
            Some(token) => renew_login(&office, token).await.map(Some),
            None => Ok(None),
        }
    }
}
