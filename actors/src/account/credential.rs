//! Proving the credentials of a token request: Quay's kinds of Basic login.
//!
//! Whatever the kind, what comes out is one [`Proven`]: how the permission decision sees the caller,
//! what the token says of it, and by which epochs the token can be outdated. Nothing is written but
//! the count of wrong passwords; uses are noted and written later.
//!
//! Quay: `auth/credentials.py`, `auth/oauth.py`.

use std::borrow::Cow;
use std::net::IpAddr;

use slipway_auth::Secret;
use slipway_auth::api_scope::ScopeSet;
use slipway_auth::challenge::BasicKind;
use slipway_auth::claims::{ANONYMOUS_SUBJECT, Context as ClaimContext};
use slipway_auth::permission::{self as auth, Principal, PrincipalKind};
use slipway_model::account::{self, Login};
use slipway_model::robot::{self, RobotLogin};
use slipway_model::{AccountId, app_token};

use super::admission::{oauth_caller, principal_of};
use super::app_token::PREFIX_LENGTH;
use super::token::TokenCredentials;
use super::{AccountError, AccountSettings, Office, access, federation, login};

/// Who asks for a token, proven.
pub(super) struct Proven {
    /// As the permission decision sees them.
    pub(super) principal: Principal,
    /// Their row, and the epoch that outdates their tokens.
    pub(super) account: Option<(AccountId, i64)>,
    /// Whose disabling ends the token as well, with its epoch.
    pub(super) owner: Option<(i64, i64)>,
    /// The token's `sub`.
    pub(super) subject: String,
    /// The token's context, still without repositories.
    pub(super) context: ClaimContext,
    /// When the credential ends, Unix seconds.
    pub(super) expires_at_s: Option<i64>,
}

impl Proven {
    fn nobody() -> Self {
        Self {
            principal: Principal::anonymous(),
            account: None,
            owner: None,
            subject: ANONYMOUS_SUBJECT.to_owned(),
            context: ClaimContext::anonymous(),
            expires_at_s: None,
        }
    }

    fn user(settings: &AccountSettings, login: Login) -> Self {
        Self {
            principal: access::principal(settings, Some(&login)),
            account: Some((login.id, login.epoch)),
            context: ClaimContext::user(&login.uuid, &login.name),
            subject: login.name,
            ..Self::nobody()
        }
    }
}

/// Proves the credentials.
pub(super) async fn prove(
    office: &Office,
    credentials: &TokenCredentials,
    address: Option<IpAddr>,
) -> Result<Proven, AccountError> {
    let (username, password) = match credentials {
        TokenCredentials::Anonymous => return Ok(Proven::nobody()),
        TokenCredentials::Basic { username, password } => (username, password),
    };
    match BasicKind::of(username) {
        BasicKind::User(name) => {
            let found = login::check_client(office, &name, password, address).await?;
            Ok(Proven::user(&office.settings, found))
        }
        BasicKind::Robot {
            namespace,
            short_name,
        } => prove_robot(office, &namespace, &short_name, password).await,
        BasicKind::AccessToken => Err(refuse("Invalid access token")),
        BasicKind::OauthToken => prove_oauth_token(office, password).await,
        BasicKind::AppToken => prove_app_token(office, password).await,
    }
}

pub(super) fn refuse(text: impl Into<Cow<'static, str>>) -> AccountError {
    AccountError::WrongCredential(text.into())
}

async fn prove_robot(
    office: &Office,
    namespace: &str,
    short_name: &str,
    password: &Secret,
) -> Result<Proven, AccountError> {
    let found = find_robot(office, namespace, short_name).await?;
    if federation::is_robot_jwt(password) {
        let end_s = federation::check_password(office, &found, password)?;
        let mut proven = admit_robot(office, found)?;
        let robot_end_s = proven.expires_at_s;
        proven.expires_at_s = Some(robot_end_s.map_or(end_s, |last_s| last_s.min(end_s)));
        return Ok(proven);
    }
    let token = office
        .keys
        .open(&super::robot::context(found.id), &found.sealed_token)?;
    if !token.matches(password.expose()) {
        return Err(refuse(format!(
            "Could not find robot with username: {} and supplied password.",
            found.name
        )));
    }
    admit_robot(office, found)
}

/// Finds a robot, unless robots are switched off.
pub(super) async fn find_robot(
    office: &Office,
    namespace: &str,
    short_name: &str,
) -> Result<RobotLogin, AccountError> {
    let found = robot::find_login(&office.deps.db, namespace, short_name).await?;
    let found = found.ok_or_else(|| refuse("Could not find robot with specified username"))?;
    let settings = &office.settings;
    if settings.robots_disallowed && !settings.robots_allowed.contains(&found.name) {
        return Err(refuse(
            "Robot accounts have been disabled. Please contact your administrator.",
        ));
    }
    Ok(found)
}

/// Refuses a robot that is disabled or has expired.
pub(super) fn check_usable(found: &RobotLogin) -> Result<(), AccountError> {
    let now_s = super::token::now_s();
    if found.expires_at_s.is_some_and(|end_s| end_s <= now_s) {
        return Err(refuse(format!("Robot {} has expired", found.name)));
    }
    if !found.enabled || !found.owner_enabled {
        return Err(refuse(format!(
            "Robot {} owner {} is disabled",
            found.name, found.owner_name
        )));
    }
    Ok(())
}

/// The robot whose token was right, if it may be used.
fn admit_robot(office: &Office, found: RobotLogin) -> Result<Proven, AccountError> {
    check_usable(&found)?;
    office.uses.note_robot(found.id);
    let settings = &office.settings;
    let is_restricted = settings.restricted_robots
        && !found.of_organization
        && settings.is_restricted(&found.owner_name);
    let owner = auth::AccountId(found.owner_id.0);
    let kind = PrincipalKind::Robot {
        id: auth::AccountId(found.id.0),
        name: found.name.clone(),
        owner,
    };
    Ok(Proven {
        principal: Principal {
            kind,
            restricted: is_restricted,
            ..Principal::anonymous()
        },
        account: Some((found.id, found.epoch)),
        owner: Some((found.owner_id.0, found.owner_epoch)),
        context: ClaimContext::robot(&found.name),
        expires_at_s: found.expires_at_s,
        subject: found.name,
    })
}

async fn prove_oauth_token(office: &Office, token: &Secret) -> Result<Proven, AccountError> {
    let invalid = || refuse("OAuth access token could not be validated");
    let caller = oauth_caller(office, token).await?.ok_or_else(invalid)?;
    let (Some(identity), Some(oauth)) = (caller.identity, caller.oauth) else {
        return Err(invalid());
    };
    Ok(Proven {
        principal: caller.principal,
        account: Some((identity.id, identity.epoch)),
        context: ClaimContext::oauth_token(&oauth.token_id.to_string(), &identity.name),
        subject: identity.name,
        owner: None,
        expires_at_s: Some(oauth.expires_at_s),
    })
}

async fn prove_app_token(office: &Office, token: &Secret) -> Result<Proven, AccountError> {
    let invalid = || refuse("Invalid token");
    let (prefix, rest) = token
        .expose()
        .split_at_checked(PREFIX_LENGTH)
        .ok_or_else(invalid)?;
    let found = app_token::find_secret(&office.deps.db, prefix).await?;
    let found = found.ok_or_else(invalid)?;
    let secret = office
        .keys
        .open(&super::app_token::context(found.id), &found.sealed_secret)?;
    if !secret.matches(rest) {
        return Err(invalid());
    }
    let identity = account::find_identity(&office.deps.db, found.account_id).await?;
    let identity = identity.ok_or_else(invalid)?;
    if !identity.enabled {
        return Err(AccountError::Disabled);
    }
    office.uses.note_app_token(found.id);
    Ok(Proven {
        principal: principal_of(&office.settings, &identity, ScopeSet::DIRECT),
        account: Some((identity.id, identity.epoch)),
        context: ClaimContext::app_token(&found.id.to_string(), &identity.name),
        subject: identity.name,
        owner: None,
        expires_at_s: found.expires_at_s,
    })
}
