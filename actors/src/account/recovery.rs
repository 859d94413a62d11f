//! Codes by mail: proving an address, and replacing a forgotten password.
//!
//! A code works once and its hash is all that is stored. Asking for a new password answers the same
//! whether the address is known or not, and mails at most once a minute.
//!
//! Quay: `endpoints/web.py`, `endpoints/api/user.py`, `data/model/user.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::random::{ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
use slipway_model::confirmation::{has_recent, insert_code, take_code};
use slipway_model::user::{self, Profile};
use slipway_model::{AccountId, Run};

use super::flood::address_of;
use super::session::NewSession;
use super::{AccountError, Office, Work};
use crate::mail::Letter;

const CODE_LENGTH: usize = 48;
/// How long a code that proves an address works, seconds.
const VERIFY_LIFE_S: f64 = 7.0 * 86_400.0;

/// Keeps a new code and answers it.
async fn make_code(
    run: &impl Run,
    account: AccountId,
    purpose: &str,
    new_email: Option<&str>,
    life_s: f64,
) -> Result<Secret, AccountError> {
    let code = random_token(ALPHANUMERIC, CODE_LENGTH)?;
    insert_code(run, &code.sha256(), account, purpose, new_email, life_s).await?;
    Ok(code)
}

/// Mails a code that proves a new user's address.
pub(crate) async fn ask_to_verify(
    office: &Office,
    run: &impl Run,
    account: AccountId,
    username: &str,
    email: &str,
) -> Result<(), AccountError> {
    let code = make_code(run, account, "verify_email", None, VERIFY_LIFE_S).await?;
    let letter = Letter::VerifyAddress {
        username,
        code: code.expose(),
    };
    office.post(run, email, &letter).await
}

/// Mails a code that makes `email` a user's address.
pub(crate) async fn ask_to_change(
    office: &Office,
    run: &impl Run,
    profile: &Profile,
    email: &str,
) -> Result<(), AccountError> {
    let purpose = "change_email";
    let code = make_code(run, profile.id, purpose, Some(email), VERIFY_LIFE_S).await?;
    let letter = Letter::ChangeAddress {
        username: &profile.name,
        code: code.expose(),
    };
    office.post(run, email, &letter).await
}

/// Mails a code that lets a user choose a new password.
pub(crate) async fn offer_recovery(office: &Office, profile: &Profile) -> Result<(), AccountError> {
    let Some(email) = &profile.email else {
        return Ok(());
    };
    let life = office.settings.users.recovery_life;
    let mut connection = office.deps.db.connection().await?;
    let transaction = connection.begin().await?;
    let code = make_code(
        &transaction,
        profile.id,
        "recover",
        None,
        life.as_secs_f64(),
    )
    .await?;
    let letter = Letter::RecoverPassword {
        username: &profile.name,
        code: code.expose(),
        life_minutes: life.as_secs().div_ceil(60),
    };
    office.post(&transaction, email, &letter).await?;
    transaction.commit().await?;
    office.wake_mail();
    Ok(())
}

/// Asks for a new password; answers the same whether there is such a user or not.
#[derive(Debug)]
pub struct RequestRecovery {
    /// The user's address.
    pub email: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for RequestRecovery {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        office.floods.admit_network(address_of(&self.origin))?;
        let db = &office.deps.db;
        let Some(account) = user::find_by_email(db, &self.email).await? else {
            return Ok(());
        };
        if has_recent(db, account, "recover").await? {
            return Ok(());
        }
        match user::find_profile(db, account).await? {
            Some(profile) if profile.enabled => offer_recovery(&office, &profile).await,
            _ => Ok(()),
        }
    }
}

/// Uses a code that proves an address.
#[derive(Debug)]
pub struct ConfirmEmail {
    /// The code.
    pub code: Secret,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ConfirmEmail {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let taken = take_code(&transaction, &self.code.sha256(), false).await?;
        let taken = taken.ok_or(AccountError::NotFound)?;
        let profile = user::find_profile(&transaction, taken.account_id).await?;
        let profile = profile.ok_or(AccountError::NotFound)?;
        let origin = Origin {
            performer: Some(profile.id),
            ..self.origin
        };
        match &taken.new_email {
            None => {
                user::set_verified(&transaction, profile.id).await?;
            }
            Some(email) => {
                change_email(&office, &transaction, &profile, Some(email), &origin).await?;
            }
        }
        transaction.commit().await?;
        office.wake_mail();
        Ok(())
    }
}

/// Replaces a user's address and tells the old one.
pub(crate) async fn change_email(
    office: &Office,
    run: &impl Run,
    profile: &Profile,
    email: Option<&str>,
    origin: &Origin,
) -> Result<(), AccountError> {
    user::set_email(run, profile.id, email).await?;
    let metadata = json!({ "old_email": profile.email, "email": email });
    log(
        run,
        "user_change_email",
        profile.id.into(),
        origin,
        metadata,
    )
    .await?;
    match (&profile.email, email) {
        (Some(old), Some(new)) if profile.verified => {
            let letter = Letter::AddressChanged {
                username: &profile.name,
                new_email: new,
            };
            office.post(run, old, &letter).await
        }
        _ => Ok(()),
    }
}

/// Uses a code that logs in to choose a new password; answers the session and the user's name.
#[derive(Debug)]
pub struct RecoverLogin {
    /// The code.
    pub code: Secret,
    /// Where the request comes from.
    pub origin: Origin,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Work for RecoverLogin {
    type Answer = (NewSession, String);

    async fn run(self, office: Arc<Office>) -> Result<Self::Answer, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let taken = take_code(&transaction, &self.code.sha256(), true).await?;
        let taken = taken.ok_or(AccountError::NotFound)?;
        let profile = user::find_profile(&transaction, taken.account_id).await?;
        let profile = profile.filter(|profile| profile.enabled);
        let profile = profile.ok_or(AccountError::NotFound)?;
        user::set_verified(&transaction, profile.id).await?;
        let origin = Origin {
            performer: Some(profile.id),
            ..self.origin
        };
        let metadata = json!({ "type": "recovery", "useragent": self.user_agent });
        log(
            &transaction,
            "login_success",
            profile.id.into(),
            &origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        let session = office.begin_session(profile.id).await?;
        Ok((session, profile.name))
    }
}
