//! Sessions: what a browser's cookie stands for.
//!
//! The cookie holds a random token of which only the hash is stored, so a copy of the database
//! logs nobody in. Signing in always makes a new session; signing out ends all of an account's.
//! Without a login the cookie holds a nonce with a MAC, and nothing is stored.
//!
//! Quay: `endpoints/csrf.py`, `endpoints/common.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::random::{ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
use slipway_model::{AccountId, session, user};

use super::{AccountError, Office, Work};

const TOKEN_LENGTH: usize = 48;
pub(super) const CSRF_LENGTH: usize = 64;
const NONCE_LENGTH: usize = 24;
/// How often it is noted that a session is in use, seconds.
const TOUCH_AFTER_S: f64 = 300.0;

/// What a cookie says.
#[derive(Debug, Clone)]
pub enum SessionCookie {
    /// Somebody is logged in; the session's token.
    Session(Secret),
    /// Nobody is; a nonce that our MAC proved to be ours.
    Anonymous(String),
}

/// A session of somebody who is logged in.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// Whose.
    pub account: AccountId,
    /// What a request that changes something must carry.
    pub csrf_token: String,
    /// Seconds since the password was given.
    pub login_age_s: f64,
    /// Its life was prolonged, so the cookie should be as well.
    pub was_prolonged: bool,
}

/// A new cookie with its CSRF token.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The cookie's value.
    pub cookie: Secret,
    /// What requests must carry.
    pub csrf_token: String,
}

impl Office {
    /// Reads a cookie; `None` for one that is not ours.
    #[must_use]
    pub fn read_cookie(&self, value: &str) -> Option<SessionCookie> {
        if let Some(token) = value.strip_prefix("s.") {
            return Some(SessionCookie::Session(Secret::from(token)));
        }
        let (nonce, mac) = value.strip_prefix("a.")?.split_once('.')?;
        self.csrf_key
            .verify(&format!("cookie:{nonce}"), mac)
            .then(|| SessionCookie::Anonymous(nonce.to_owned()))
    }

    /// The CSRF token of somebody who is not logged in.
    pub(crate) fn anonymous_csrf(&self, nonce: &str) -> String {
        self.csrf_key.sign(&format!("token:{nonce}"))
    }

    pub(crate) fn anonymous_session(&self) -> Result<NewSession, AccountError> {
        let nonce = random_token(ALPHANUMERIC, NONCE_LENGTH)?;
        let nonce = nonce.expose();
        Ok(NewSession {
            cookie: Secret::new(format!(
                "a.{nonce}.{}",
                self.csrf_key.sign(&format!("cookie:{nonce}"))
            )),
            csrf_token: self.anonymous_csrf(nonce),
        })
    }

    /// Begins a session of `account`.
    pub(crate) async fn begin_session(
        &self,
        account: AccountId,
    ) -> Result<NewSession, AccountError> {
        let token = random_token(ALPHANUMERIC, TOKEN_LENGTH)?;
        let csrf = random_token(ALPHANUMERIC, CSRF_LENGTH)?;
        let life_s = self.settings.session_life.as_secs_f64();
        session::insert_session(
            &self.deps.db,
            &token.sha256(),
            account,
            csrf.expose(),
            life_s,
        )
        .await?;
        self.note_visit(account).await?;
        Ok(NewSession {
            cookie: Secret::new(format!("s.{}", token.expose())),
            csrf_token: csrf.expose().to_owned(),
        })
    }

    /// Notes that a user was here, if that is wanted.
    async fn note_visit(&self, account: AccountId) -> Result<(), AccountError> {
        if self.settings.users.last_accessed {
            user::touch_user(&self.deps.db, account).await?;
        }
        Ok(())
    }

    /// Finds the session of a token and notes its use.
    pub(crate) async fn find_session(
        &self,
        token: &Secret,
    ) -> Result<Option<OpenSession>, AccountError> {
        let hash = token.sha256();
        let Some(found) = session::find_session(&self.deps.db, &hash).await? else {
            return Ok(None);
        };
        let was_prolonged = found.seen_age_s > TOUCH_AFTER_S;
        if was_prolonged {
            let life_s = self.settings.session_life.as_secs_f64();
            session::touch_session(&self.deps.db, &hash, life_s).await?;
            self.note_visit(found.account_id).await?;
        }
        Ok(Some(OpenSession {
            account: found.account_id,
            csrf_token: found.csrf_token,
            login_age_s: found.login_age_s,
            was_prolonged,
        }))
    }
}

/// Makes a cookie for somebody who is not logged in.
#[derive(Debug)]
pub struct BeginAnonymous;

impl Work for BeginAnonymous {
    type Answer = NewSession;

    async fn run(self, office: Arc<Office>) -> Result<NewSession, AccountError> {
        office.anonymous_session()
    }
}

/// Ends all sessions of an account; answers how many there were.
#[derive(Debug)]
pub struct SignOut {
    /// Whose.
    pub account: AccountId,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for SignOut {
    type Answer = i64;

    async fn run(self, office: Arc<Office>) -> Result<i64, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let ended = session::delete_sessions(&transaction, self.account).await?;
        if office.settings.users.log_logins {
            let place = self.account.into();
            log(
                &transaction,
                "logout_success",
                place,
                &self.origin,
                json!({}),
            )
            .await?;
        }
        transaction.commit().await?;
        Ok(ended)
    }
}

/// Notes that the password was given again; answers the new CSRF token.
pub(crate) async fn renew_login(office: &Office, token: &Secret) -> Result<String, AccountError> {
    let csrf = random_token(ALPHANUMERIC, CSRF_LENGTH)?;
    session::renew_login(&office.deps.db, &token.sha256(), csrf.expose()).await?;
    Ok(csrf.expose().to_owned())
}
