//! Checking a name and a password.
//!
//! A wrong password delays the next try from its network: after n in a row by half of 2^n - 1
//! seconds. An unknown name takes as long as a wrong password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use slipway_auth::Secret;
use slipway_auth::flood::network;
use slipway_model::account::{self, Login};
use slipway_model::mail;

use super::{AccountActor, AccountError, Office, Work};

/// Longest delay after wrong passwords, seconds.
const MAX_DELAY_S: f64 = 600.0;
const PLAIN_REFUSED: &str = "Client login with unencrypted passwords is disabled. Please generate an encrypted password in the user admin panel for use here.";

/// Checks a user's password, plain or encrypted, given by somebody at `address`.
pub(super) async fn check(
    office: &Office,
    username: &str,
    password: &Secret,
    address: Option<IpAddr>,
) -> Result<Login, AccountError> {
    check_form(office, username, password, address, false).await
}

/// Checks the password of a client of the registry, which may have to be an encrypted one.
pub(super) async fn check_client(
    office: &Office,
    username: &str,
    password: &Secret,
    address: Option<IpAddr>,
) -> Result<Login, AccountError> {
    let needs_encrypted = office.settings.encrypted_passwords_only;
    check_form(office, username, password, address, needs_encrypted).await
}

async fn check_form(
    office: &Office,
    username: &str,
    password: &Secret,
    address: Option<IpAddr>,
    needs_encrypted: bool,
) -> Result<Login, AccountError> {
    let db = &office.deps.db;
    let place = address.map(|address| network(address).to_string());
    let place = place.unwrap_or_default();
    let Some(login) = account::find_login(db, username, &place).await? else {
        office.floods.admit(address, username)?;
        office.hasher.verify_absent(password).await?;
        return Err(AccountError::WrongPassword);
    };
    if office.settings.lockout {
        check_throttle(&login)?;
    }
    let decrypted = office.decrypt_password(login.id, password);
    if needs_encrypted && decrypted.is_none() {
        return Err(AccountError::WrongCredential(PLAIN_REFUSED.into()));
    }
    let password = decrypted.as_ref().unwrap_or(password);
    let id = slipway_auth::permission::AccountId(login.id.0);
    let is_known = login.password_phc.as_ref().is_some_and(|phc| {
        let verified = &office.verified;
        verified.is_verified(id, password, phc, Instant::now())
    });
    if !is_known {
        office.floods.admit(address, &login.name)?;
    }
    let is_right = match &login.password_phc {
        Some(phc) => {
            office
                .verified
                .verify(&office.hasher, id, password, phc, Instant::now())
                .await?
        }
        None => {
            office.hasher.verify_absent(password).await?;
            false
        }
    };
    if !is_right {
        account::record_failure(db, login.id, &place).await?;
        return Err(AccountError::WrongPassword);
    }
    if login.failed_logins > 0 {
        account::clear_failures(db, login.id, &place).await?;
    }
    if !login.enabled {
        return Err(AccountError::Disabled);
    }
    Ok(login)
}

fn check_throttle(login: &Login) -> Result<(), AccountError> {
    let (Some(since_s), true) = (login.since_failure_s, login.failed_logins > 0) else {
        return Ok(());
    };
    let delay_s = (0.5 * (2_f64.powi(login.failed_logins.min(24)) - 1.0)).min(MAX_DELAY_S);
    let left = std::time::Duration::try_from_secs_f64(delay_s - since_s).unwrap_or_default();
    if left.is_zero() {
        return Ok(());
    }
    Err(AccountError::Throttled {
        retry_after_s: left.as_secs().saturating_add(1),
    })
}

/// Asks whether a name and a password belong together, and whether that user is a superuser.
#[derive(Debug, Message)]
#[rtype(result = "Result<bool, AccountError>")]
pub struct CheckLogin {
    /// The user's name or e-mail.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

impl Handler<CheckLogin> for AccountActor {
    type Result = ResponseFuture<Result<bool, AccountError>>;

    fn handle(&mut self, msg: CheckLogin, _: &mut Context<Self>) -> Self::Result {
        let office = Arc::clone(&self.office);
        Box::pin(async move {
            let login = check(&office, &msg.username, &msg.password, msg.address).await?;
            Ok(login.superuser || office.settings.superusers.contains(&login.name))
        })
    }
}

/// Asks what accounts hold in memory and in their queues.
#[derive(Debug)]
pub struct ObserveAccounts;

/// What accounts hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountsState {
    /// Passwords known to be right.
    pub verified_passwords: usize,
    /// Networks of which tried passwords are counted.
    pub flood_networks: usize,
    /// Names of which tried passwords are counted.
    pub flood_names: usize,
    /// Issuers of outside identities that are remembered.
    pub issuers: usize,
    /// Mails that wait; 0 while no mail is sent.
    pub mails_waiting: usize,
}

impl Work for ObserveAccounts {
    type Answer = AccountsState;

    async fn run(self, office: Arc<Office>) -> Result<AccountsState, AccountError> {
        let (flood_networks, flood_names) = office.floods.len();
        let mails = match office.settings.has_mail() {
            true => mail::count_waiting(&office.deps.db)
                .await
                .unwrap_or_default(),
            false => 0,
        };
        Ok(AccountsState {
            verified_passwords: office.verified.len(),
            flood_networks,
            flood_names,
            issuers: office.issuers.len(),
            mails_waiting: usize::try_from(mails).unwrap_or_default(),
        })
    }
}
