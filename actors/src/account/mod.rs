//! Accounts: who logs in, what a token may carry, and the key that signs it.
//!
//! One actor a process owns the signing key, the passwords seen lately, and the registry's keys as
//! last read. It answers token requests; what a token says is checked at the edge by a
//! `TokenVerifier` that this actor publishes. Nothing is written by a token request except the
//! count of wrong passwords.
//!
//! Mailbox: 1024. Nothing is exclusive: passwords are checked on the blocking pool.

mod access;
pub mod admission;
pub mod client_key;
mod create;
pub mod creation;
mod error;
mod keys;
mod login;
pub mod organization;
mod sealing;
pub mod session;
pub mod signin;
mod token;
mod work;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::{KeySet, TokenRules, TokenVerifier};
use slipway_auth::password::{HashingCost, PasswordHasher};
use slipway_auth::permission::Registry;
use slipway_auth::seal::{KeyRing, MacKey};
use slipway_auth::verified_cache::VerifiedCache;
use tokio::sync::watch;

pub use self::create::{
    CreateUser, CreatedUser, NewAccount, SetUserEnabled, create_account, enable_account,
};
pub use self::error::AccountError;
pub use self::keys::{ListServiceKeys, RefreshKeys};
pub use self::login::{CheckLogin, CountVerified};
pub use self::sealing::{open_key_file, write_key_file};
pub use self::token::{IssueToken, IssuedToken, TokenCredentials};
pub use self::work::{Perform, Work};
use crate::deps::Deps;

/// The service whose keys sign registry tokens, and their issuer.
pub const TOKEN_SERVICE: &str = "quay";

/// Settings of accounts and tokens.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Life of a token.
    pub token_life: Duration,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Life of the signing key.
    pub key_life: Duration,
    /// How often it is renewed.
    pub key_refresh: Duration,
    /// The audience of tokens, and what may stand before a path in a scope.
    pub server_name: String,
    /// Namespace of paths of one segment.
    pub library_namespace: String,
    /// Names of superusers.
    pub superusers: Vec<String>,
    /// Whether these may do everything.
    pub full_access: bool,
    /// Names of those who read everything.
    pub readonly_superusers: Vec<String>,
    /// Whether wrong passwords delay further tries.
    pub lockout: bool,
    /// The registry's switches.
    pub registry: Registry,
    /// What a password hash costs.
    pub hashing: HashingCost,
    /// Checked passwords kept in memory.
    pub verified_entries: usize,
    /// Whether mail can be sent, so that addresses must be proven.
    pub mailing: bool,
    /// Life of a session that is not used.
    pub session_life: Duration,
    /// Whether users are restricted to namespaces that are not their own.
    pub restricted_users: bool,
    /// Names of users that are not restricted all the same.
    pub unrestricted_users: Vec<String>,
    /// The file with the keys that seal secrets.
    pub key_file: PathBuf,
}

impl AccountSettings {
    /// Says whether a user may not write in its own namespace.
    pub(crate) fn is_restricted(&self, name: &str) -> bool {
        let is_listed = |names: &[String]| names.iter().any(|listed| listed == name);
        self.restricted_users && !is_listed(&self.unrestricted_users)
    }

    fn rules(&self) -> TokenRules {
        let life_s = i64::try_from(self.token_life.as_secs()).unwrap_or(i64::MAX);
        TokenRules {
            issuer: TOKEN_SERVICE.to_owned(),
            audiences: vec![self.server_name.clone()],
            leeway_s: i64::try_from(self.leeway.as_secs()).unwrap_or(i64::MAX),
            max_fresh_s: life_s.saturating_add(60),
        }
    }
}

/// What the work of this actor needs, shared with its futures.
pub struct Office {
    pub(crate) deps: Arc<Deps>,
    pub(crate) settings: AccountSettings,
    pub(crate) hasher: PasswordHasher,
    pub(crate) verified: VerifiedCache,
    pub(crate) keys: KeyRing,
    csrf_key: MacKey,
}

impl Office {
    /// The time machine window of new namespaces.
    pub(crate) fn tag_expiration_s(&self) -> i64 {
        i64::try_from(self.deps.settings.tag_expiration.as_secs()).unwrap_or(i64::MAX)
    }
}

/// The actor; one a process.
pub struct AccountActor {
    office: Arc<Office>,
    key: Arc<SigningKey>,
    published: watch::Sender<Arc<TokenVerifier>>,
    is_key_published: bool,
}

impl AccountActor {
    /// Makes the actor with a fresh signing key; answers where its verifier is published.
    pub(crate) fn new(
        deps: Arc<Deps>,
        settings: AccountSettings,
        keys: KeyRing,
    ) -> Result<(Self, watch::Receiver<Arc<TokenVerifier>>), AccountError> {
        let hasher = PasswordHasher::new(settings.hashing)?;
        let entries = NonZeroUsize::new(settings.verified_entries).unwrap_or(NonZeroUsize::MIN);
        let verified = VerifiedCache::new(entries)?;
        let (key, _) = SigningKey::generate()?;
        let verifier = TokenVerifier::new(Arc::new(KeySet::default()), Arc::new(settings.rules()));
        let (published, receiver) = watch::channel(Arc::new(verifier));
        let office = Arc::new(Office {
            deps,
            settings,
            hasher,
            verified,
            csrf_key: keys.mac_key("csrf"),
            keys,
        });
        let actor = Self {
            office,
            key: Arc::new(key),
            published,
            is_key_published: false,
        };
        Ok((actor, receiver))
    }
}

impl Actor for AccountActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(
            self.office.settings.key_refresh,
            |actor, ctx| match SigningKey::generate() {
                Ok((key, _)) => {
                    actor.key = Arc::new(key);
                    actor.is_key_published = false;
                    actor.refresh(ctx);
                }
                Err(error) => tracing::error!(%error, "the signing key stays in use"),
            },
        );
        ctx.run_interval(Duration::from_secs(10), Self::refresh);
    }
}
