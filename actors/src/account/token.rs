//! Issuing registry tokens.
//!
//! What a caller may not do is left out of the token, silently; a token request writes nothing. Push
//! is granted on a name that may be created, and the row appears at the first upload.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix::prelude::*;
use slipway_auth::Secret;
use slipway_auth::challenge::BasicKind;
use slipway_auth::claims::{
    ANONYMOUS_SUBJECT, AccessEntry, Claims, Context as ClaimContext, Epoch,
};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt;
use slipway_auth::permission::Principal;
use slipway_auth::scope::{ActionSet, Scope, ScopeKind};
use slipway_model::NamespaceId;
use slipway_model::account::Login;
use slipway_oci::RepositoryName;

use super::{AccountActor, AccountError, Office, TOKEN_SERVICE, access, login};

/// Who asks for a token.
#[derive(Debug)]
pub enum TokenCredentials {
    /// Nobody logged in.
    Anonymous,
    /// A name and a password, or one of Quay's special names.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// Asks for a token.
#[derive(Debug, Message)]
#[rtype(result = "Result<IssuedToken, AccountError>")]
pub struct IssueToken {
    /// Who asks.
    pub credentials: TokenCredentials,
    /// For which service; the token's audience.
    pub service: String,
    /// For what.
    pub scopes: Vec<Scope>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

/// A token.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The compact JWT.
    pub token: String,
    /// How long it is valid.
    pub expires_in_s: u64,
}

impl Handler<IssueToken> for AccountActor {
    type Result = ResponseFuture<Result<IssuedToken, AccountError>>;

    fn handle(&mut self, msg: IssueToken, _: &mut Context<Self>) -> Self::Result {
        let (office, key) = (Arc::clone(&self.office), Arc::clone(&self.key));
        Box::pin(async move { issue(&office, &key, msg).await })
    }
}

async fn issue(
    office: &Office,
    key: &SigningKey,
    msg: IssueToken,
) -> Result<IssuedToken, AccountError> {
    let settings = &office.settings;
    let login = authenticate(office, &msg.credentials, msg.address).await?;
    if login.is_none() && !settings.registry.anonymous_access {
        return Err(AccountError::NoAnonymous);
    }
    let principal = access::principal(settings, login.as_ref());
    let granted = grant_all(office, &principal, login.as_ref(), &msg.scopes).await?;
    let now_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let life_s = settings.token_life.as_secs();
    let seconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let names = msg
        .scopes
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Repository);
    let context = match &login {
        Some(login) => ClaimContext::user(&login.uuid, &login.name),
        None => ClaimContext::anonymous(),
    };
    let claims = Claims {
        iss: TOKEN_SERVICE.to_owned(),
        aud: msg.service,
        nbf: seconds(now_s),
        iat: seconds(now_s),
        exp: seconds(now_s.saturating_add(life_s)),
        sub: login
            .as_ref()
            .map_or(ANONYMOUS_SUBJECT, |login| login.name.as_str())
            .to_owned(),
        jti: None,
        access: granted.entries,
        context: context.with_repositories(names.map(|scope| scope.name.as_str())),
        slipway: Epoch {
            principal_id: login.as_ref().map(|login| login.id.0),
            principal_epoch: login.as_ref().map_or(0, |login| login.epoch),
            namespaces: granted.namespaces,
            unborn: granted.unborn,
        },
    };
    Ok(IssuedToken {
        token: jwt::sign(&claims, key)?,
        expires_in_s: life_s,
    })
}

/// What a token carries of what was asked for.
#[derive(Default)]
struct Granted {
    entries: Vec<AccessEntry>,
    /// Row and epoch of each namespace.
    namespaces: Vec<(i64, i64)>,
    /// Names of namespaces that do not exist yet.
    unborn: Vec<String>,
}

async fn grant_all(
    office: &Office,
    principal: &Principal,
    login: Option<&Login>,
    scopes: &[Scope],
) -> Result<Granted, AccountError> {
    let mut granted = Granted::default();
    for scope in scopes {
        let (entry, namespace) = grant(office, principal, login, scope).await?;
        match namespace {
            Some((id, epoch)) => granted.namespaces.push((id.0, epoch)),
            None if scope.kind == ScopeKind::Repository && !entry.actions.is_empty() => {
                let library = &office.settings.library_namespace;
                let name = RepositoryName::parse(&scope.name, library);
                let namespace = name.ok().map(|name| name.namespace().to_owned());
                granted.unborn.extend(namespace);
            }
            None => {}
        }
        granted.entries.push(entry);
    }
    granted.namespaces.sort_unstable();
    granted.namespaces.dedup();
    Ok(granted)
}

async fn authenticate(
    office: &Office,
    credentials: &TokenCredentials,
    address: Option<IpAddr>,
) -> Result<Option<Login>, AccountError> {
    let (username, password) = match credentials {
        TokenCredentials::Anonymous => return Ok(None),
        TokenCredentials::Basic { username, password } => (username, password),
    };
    match BasicKind::of(username) {
        BasicKind::User(name) => login::check(office, &name, password, address)
            .await
            .map(Some),
        BasicKind::Robot { .. } => Err(AccountError::WrongCredential(
            "Could not find robot with specified username",
        )),
        BasicKind::AccessToken => Err(AccountError::WrongCredential("Invalid access token")),
        BasicKind::OauthToken | BasicKind::AppToken => {
            Err(AccountError::WrongCredential("Invalid token"))
        }
    }
}

async fn grant(
    office: &Office,
    principal: &Principal,
    login: Option<&Login>,
    scope: &Scope,
) -> Result<(AccessEntry, Option<(NamespaceId, i64)>), AccountError> {
    let settings = &office.settings;
    if scope.kind == ScopeKind::Registry {
        let entry = AccessEntry {
            kind: scope.kind.as_str().to_owned(),
            name: scope.requested_name.clone(),
            actions: vec!["*".to_owned()],
        };
        return Ok((entry, None));
    }
    let name = RepositoryName::parse(&scope.name, &settings.library_namespace);
    let (granted, namespace) = match name {
        Ok(name) => {
            let account = login.map(|login| login.id);
            let judged = access::judge(office, principal, account, &name).await?;
            (judged.decision.granted(scope.actions), judged.namespace)
        }
        Err(_) => (ActionSet::EMPTY, None),
    };
    let entry = AccessEntry::repository(&scope.requested_name, granted);
    Ok((entry, namespace))
}
