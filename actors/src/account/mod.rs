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
pub mod app_token;
pub mod application;
pub mod change_user;
pub mod client_key;
mod create;
pub mod creation;
mod credential;
pub mod default_permission;
pub mod delete_user;
mod error;
pub mod federation;
mod flood;
pub mod global_message;
mod invite;
mod issuer;
pub mod key_server;
mod keys;
mod login;
pub mod managed_user;
pub mod membership;
pub mod oauth;
pub mod oauth_grant;
pub mod organization;
pub mod ownership;
pub mod recovery;
pub mod repository_permission;
pub mod robot;
mod rotation;
mod sealing;
pub mod service_keys;
pub mod session;
pub mod signin;
pub mod star;
pub mod team;
pub mod team_invite;
mod token;
pub mod usage_log;
pub mod user;
pub mod user_notification;
mod user_settings;
mod uses;
pub mod why;
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
use slipway_model::Run;
pub use slipway_outbound::HostRules;
use tokio::sync::watch;

pub use self::create::{
    CreateUser, CreatedUser, NewAccount, SetUserEnabled, create_account, enable_account,
};
pub use self::error::AccountError;
use self::flood::Floods;
use self::issuer::Issuers;
pub use self::keys::{ListServiceKeys, RefreshKeys};
pub use self::login::{AccountsState, CheckLogin, ObserveAccounts};
pub use self::rotation::{OldKeys, ROTATION_POINTS, Rotated, rotate_key};
pub use self::sealing::{open_key_file, write_key_file};
pub use self::token::{IssueToken, IssuedToken, TokenCredentials};
pub use self::user_settings::UserSettings;
pub use self::uses::FlushUses;
use self::uses::Uses;
pub use self::work::{Perform, Work};
use crate::deps::Deps;
use crate::mail::{Letter, MailSettings, Outbox};

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
    /// How long expired keys are kept.
    pub expired_key_retention: Duration,
    /// How long keys wait for their approval.
    pub unapproved_key_retention: Duration,
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
    /// Whether users who are in no team of an organization are invited into one, not put there;
    /// needs mail.
    pub require_team_invite: bool,
    /// How mail is sent; `None` when it is not, and then addresses count as proven.
    pub mail: Option<MailSettings>,
    /// What concerns users.
    pub users: UserSettings,
    /// Life of a session that is not used.
    pub session_life: Duration,
    /// Whether users are restricted to namespaces that are not their own.
    pub restricted_users: bool,
    /// Names of users that are not restricted all the same.
    pub unrestricted_users: Vec<String>,
    /// The file with the keys that seal secrets.
    pub key_file: PathBuf,
    /// Whether clients must log in with encrypted passwords.
    pub encrypted_passwords_only: bool,
    /// Whether robots are switched off.
    pub robots_disallowed: bool,
    /// Full names of robots that work all the same.
    pub robots_allowed: Vec<String>,
    /// Whether robots of restricted users are restricted as well.
    pub restricted_robots: bool,
    /// Hosts inside that may be asked as issuers of outside identities.
    pub allowed_hosts: HostRules,
    /// Life of new app-specific tokens; for ever when `None`.
    pub app_token_life: Option<Duration>,
    /// How long expired app-specific tokens are kept.
    pub app_tokens_kept: Duration,
    /// Named tokens an application may have; any number when 0.
    pub tokens_per_application: i64,
}

impl AccountSettings {
    /// Says whether mail can be sent, so that addresses must be proven.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail.is_some()
    }

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
    pub(crate) uses: Uses,
    pub(crate) floods: Floods,
    pub(crate) outbox: Option<Outbox>,
    pub(crate) issuers: Issuers,
    /// Verifies by the registry's keys as they were last read.
    verifier: watch::Receiver<Arc<TokenVerifier>>,
    csrf_key: MacKey,
}

impl Office {
    /// The time machine window of new namespaces.
    pub(crate) fn tag_expiration_s(&self) -> i64 {
        i64::try_from(self.deps.settings.tag_expiration.as_secs()).unwrap_or(i64::MAX)
    }

    /// Writes a letter where `run` stands, if mail can be sent; [`Office::wake_mail`] sends it.
    pub(crate) async fn post(
        &self,
        run: &impl Run,
        recipient: &str,
        letter: &Letter<'_>,
    ) -> Result<(), AccountError> {
        match &self.outbox {
            Some(outbox) => outbox.post(run, &self.keys, recipient, letter).await,
            None => Ok(()),
        }
    }

    /// Has letters sent that were committed.
    pub(crate) fn wake_mail(&self) {
        if let Some(outbox) = &self.outbox {
            outbox.wake();
        }
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
            floods: Floods::new(&settings.users),
            issuers: Issuers::new(settings.allowed_hosts.clone()),
            verifier: receiver.clone(),
            outbox: settings.mail.clone().map(Outbox::new),
            settings,
            hasher,
            verified,
            uses: Uses::default(),
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

    /// What its work needs.
    pub(crate) fn office(&self) -> Arc<Office> {
        Arc::clone(&self.office)
    }
}

impl AccountActor {
    fn write_uses(&mut self, ctx: &mut Context<Self>) {
        let office = Arc::clone(&self.office);
        let work = async move { office.uses.flush(&office.deps.db).await };
        ctx.spawn(fut::wrap_future(work).map(|outcome, _: &mut Self, _| {
            if let Err(error) = outcome {
                tracing::warn!(%error, "uses of credentials could not be written");
            }
        }));
    }

    fn forget_expired(&mut self, ctx: &mut Context<Self>) {
        let office = Arc::clone(&self.office);
        let work = async move {
            let db = &office.deps.db;
            let kept_s = office.settings.app_tokens_kept.as_secs_f64();
            slipway_model::app_token::delete_expired_tokens(db, kept_s).await?;
            slipway_model::oauth_token::delete_expired_tokens(db).await?;
            slipway_model::session::delete_expired_sessions(db).await?;
            Ok::<_, AccountError>(())
        };
        ctx.spawn(fut::wrap_future(work).map(|outcome, _: &mut Self, _| {
            if let Err(error) = outcome {
                tracing::warn!(%error, "expired credentials could not be removed");
            }
        }));
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
        ctx.run_interval(Duration::from_secs(10), Self::write_uses);
        ctx.run_interval(Duration::from_secs(600), Self::forget_expired);
    }
}
