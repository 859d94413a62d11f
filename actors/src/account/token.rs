//! Issuing registry tokens.
//!
//! What a caller may not do is left out of the token, silently; a token request writes nothing. Push
//! is granted on a name that may be created, and the row appears at the first upload.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix::prelude::*;
use slipway_auth::Secret;
use slipway_auth::claims::{AccessEntry, Claims, Epoch};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt;
use slipway_auth::scope::{ActionSet, Scope, ScopeKind};
use slipway_model::NamespaceId;
use slipway_oci::RepositoryName;

use super::credential::{self, Proven};
use super::{AccountActor, AccountError, Office, TOKEN_SERVICE, access};

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
    pub expires_in_s: i64,
    /// When it was issued, Unix seconds.
    pub issued_at_s: i64,
}

impl Handler<IssueToken> for AccountActor {
    type Result = ResponseFuture<Result<IssuedToken, AccountError>>;

    fn handle(&mut self, msg: IssueToken, _: &mut Context<Self>) -> Self::Result {
        let (office, key) = (Arc::clone(&self.office), Arc::clone(&self.key));
        Box::pin(async move { issue(&office, &key, msg).await })
    }
}

/// The time of this machine, Unix seconds.
pub(super) fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

async fn issue(
    office: &Office,
    key: &SigningKey,
    msg: IssueToken,
) -> Result<IssuedToken, AccountError> {
    let settings = &office.settings;
    let proven = credential::prove(office, &msg.credentials, msg.address).await?;
    if proven.account.is_none() && !settings.registry.anonymous_access {
        return Err(AccountError::NoAnonymous);
    }
    let granted = grant_all(office, &proven, &msg.scopes).await?;
    let issued_at_s = now_s();
    let life_s = i64::try_from(settings.token_life.as_secs()).unwrap_or(i64::MAX);
    // A token does not outlive the credential it was given for.
    let exp = issued_at_s.saturating_add(life_s);
    let exp = proven.expires_at_s.map_or(exp, |end_s| exp.min(end_s));
    let names = msg
        .scopes
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Repository)
        .map(|scope| scope.name.as_str());
    let claims = Claims {
        iss: TOKEN_SERVICE.to_owned(),
        aud: msg.service,
        nbf: issued_at_s,
        iat: issued_at_s,
        exp,
        sub: proven.subject,
        jti: None,
        access: granted.entries,
        context: proven.context.with_repositories(names),
        slipway: Epoch {
            principal_id: proven.account.map(|(id, _)| id.0),
            principal_epoch: proven.account.map_or(0, |(_, epoch)| epoch),
            namespaces: granted.namespaces,
            unborn: granted.unborn,
        },
    };
    Ok(IssuedToken {
        token: jwt::sign(&claims, key)?,
        expires_in_s: exp.saturating_sub(issued_at_s),
        issued_at_s,
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
    proven: &Proven,
    scopes: &[Scope],
) -> Result<Granted, AccountError> {
    let mut granted = Granted::default();
    granted.namespaces.extend(proven.owner);
    for scope in scopes {
        let (entry, namespace) = grant(office, proven, scope).await?;
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

async fn grant(
    office: &Office,
    proven: &Proven,
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
            let account = proven.account.map(|(id, _)| id);
            let judged = access::judge(office, &proven.principal, account, &name).await?;
            (judged.decision.granted(scope.actions), judged.namespace)
        }
        Err(_) => (ActionSet::EMPTY, None),
    };
    let entry = AccessEntry::repository(&scope.requested_name, granted);
    Ok((entry, namespace))
}
