//! Making users.

use std::sync::Arc;

use actix::prelude::*;
use slipway_auth::Secret;
use slipway_auth::password::validate_password;
use slipway_model::account::{self, NewUser};
use slipway_oci::NamespaceName;

use super::{AccountActor, AccountError};

/// Makes a user.
#[derive(Debug, Message)]
#[rtype(result = "Result<CreatedUser, AccountError>")]
pub struct CreateUser {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Its e-mail.
    pub email: Option<String>,
    /// Whether it administers the registry.
    pub superuser: bool,
    /// Only when no user exists yet.
    pub only_first: bool,
}

/// A user that was made.
#[derive(Debug, Clone)]
pub struct CreatedUser {
    /// Its name.
    pub username: String,
    /// Its e-mail.
    pub email: Option<String>,
}

impl Handler<CreateUser> for AccountActor {
    type Result = ResponseFuture<Result<CreatedUser, AccountError>>;

    fn handle(&mut self, msg: CreateUser, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move {
            check(&msg)?;
            let phc = office.hasher.hash(&msg.password).await?;
            let window = office.deps.settings.tag_expiration.as_secs();
            let user = NewUser {
                name: &msg.username,
                email: msg.email.as_deref(),
                password_phc: &phc,
                superuser: msg.superuser,
                tag_expiration_s: i64::try_from(window).unwrap_or(i64::MAX),
                only_first: msg.only_first,
            };
            match account::insert_user(&office.deps.db, &user).await? {
                Some(_) => Ok(CreatedUser {
                    username: msg.username,
                    email: msg.email,
                }),
                None => Err(AccountError::NotEmpty),
            }
        })
    }
}

fn check(msg: &CreateUser) -> Result<(), AccountError> {
    NamespaceName::parse(&msg.username)
        .map_err(|_| AccountError::InvalidName(msg.username.clone()))?;
    validate_password(msg.password.expose())?;
    match &msg.email {
        Some(email) if !email.contains('@') || email.chars().any(char::is_whitespace) => {
            Err(AccountError::InvalidEmail(email.clone()))
        }
        _ => Ok(()),
    }
}

/// Enables or disables a user; its tokens end within seconds. Answers whether it exists.
#[derive(Debug, Message)]
#[rtype(result = "Result<bool, AccountError>")]
pub struct SetUserEnabled {
    /// Its name.
    pub username: String,
    /// Enabled or not.
    pub enabled: bool,
}

impl Handler<SetUserEnabled> for AccountActor {
    type Result = ResponseFuture<Result<bool, AccountError>>;

    fn handle(&mut self, msg: SetUserEnabled, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move {
            Ok(account::set_enabled(&office.deps.db, &msg.username, msg.enabled).await?)
        })
    }
}
