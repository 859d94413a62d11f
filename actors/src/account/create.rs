//! Making users.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use slipway_auth::Secret;
use slipway_auth::password::{HashingCost, PasswordHasher, validate_password};
use slipway_model::account::{NewUser, insert_user, set_enabled};
use slipway_model::{AccountId, Database};
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
    /// Its account.
    pub id: AccountId,
    /// Its name.
    pub username: String,
    /// Its e-mail.
    pub email: Option<String>,
    /// Its password, encrypted for clients; empty when it was made by the command line.
    pub encrypted_password: String,
}

impl Handler<CreateUser> for AccountActor {
    type Result = ResponseFuture<Result<CreatedUser, AccountError>>;

    fn handle(&mut self, msg: CreateUser, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move {
            let account = NewAccount {
                username: msg.username,
                email: msg.email,
                password: msg.password,
                superuser: msg.superuser,
                tag_expiration: office.deps.settings.tag_expiration,
            };
            let password = account.password.clone();
            let made = insert(&office.deps.db, &office.hasher, account, msg.only_first).await?;
            let encrypted_password = office.encrypt_password(made.id, &password)?;
            Ok(CreatedUser {
                encrypted_password,
                ..made
            })
        })
    }
}

/// A user to make.
#[derive(Debug)]
pub struct NewAccount {
    /// Its name.
    pub username: String,
    /// Its e-mail.
    pub email: Option<String>,
    /// Its password.
    pub password: Secret,
    /// Whether it administers the registry.
    pub superuser: bool,
    /// Its time machine window.
    pub tag_expiration: Duration,
}

/// Makes a user without running actors, for the command line.
///
/// # Errors
/// As for [`CreateUser`].
pub async fn create_account(
    db: &Database,
    cost: HashingCost,
    account: NewAccount,
) -> Result<CreatedUser, AccountError> {
    insert(db, &PasswordHasher::new(cost)?, account, false).await
}

async fn insert(
    db: &Database,
    hasher: &PasswordHasher,
    account: NewAccount,
    only_first: bool,
) -> Result<CreatedUser, AccountError> {
    check(&account)?;
    let phc = hasher.hash(&account.password).await?;
    let user = NewUser {
        name: &account.username,
        email: account.email.as_deref(),
        password_phc: &phc,
        superuser: account.superuser,
        tag_expiration_s: i64::try_from(account.tag_expiration.as_secs()).unwrap_or(i64::MAX),
        only_first,
    };
    match insert_user(db, &user).await? {
        Some((id, _)) => Ok(CreatedUser {
            id,
            encrypted_password: String::new(),
            username: account.username,
            email: account.email,
        }),
        None => Err(AccountError::NotEmpty),
    }
}

fn check(account: &NewAccount) -> Result<(), AccountError> {
    NamespaceName::parse(&account.username)
        .map_err(|_| AccountError::InvalidName(account.username.clone()))?;
    validate_password(account.password.expose())?;
    match &account.email {
        Some(email) if !email.contains('@') || email.chars().any(char::is_whitespace) => {
            Err(AccountError::InvalidEmail(email.clone()))
        }
        _ => Ok(()),
    }
}

/// Enables or disables a user or an organization without running actors, for the command line;
/// running servers refuse its tokens within seconds. Answers whether it exists.
///
/// # Errors
/// The database's.
pub async fn enable_account(
    db: &Database,
    username: &str,
    enabled: bool,
) -> Result<bool, AccountError> {
    Ok(set_enabled(db, username, enabled).await?)
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
        Box::pin(async move { Ok(set_enabled(&office.deps.db, &msg.username, msg.enabled).await?) })
    }
}
