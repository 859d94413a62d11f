//! Mail: letters are rows until the mail server has taken them.
//!
//! A letter is written in the transaction of what it tells of ([`Outbox::post`]), so neither goes
//! without the other. One worker a process takes the rows that are due and hands them to the
//! server; a failure is tried again later, each time after twice the wait. A crash between the
//! server's answer and the row's end sends a letter twice, never not at all.
//!
//! Letters may hold codes that log somebody in, therefore they are sealed in the database. Mail
//! addresses appear in no log.

mod letter;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slipway_auth::Secret;
use slipway_auth::seal::KeyRing;
use slipway_model::{Run, mail};
use tokio::sync::Notify;
use uuid::Uuid;

pub use self::letter::Letter;
pub(crate) use self::worker::Worker;
use crate::account::AccountError;

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEncryption {
    /// The server must offer STARTTLS.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Not at all.
    None,
}

/// Settings of mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Host of the mail server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: MailEncryption,
    /// File with the authority's certificate, in PEM; the system's when not set.
    pub ca_certificate: Option<PathBuf>,
    /// Name and password to log in with.
    pub login: Option<(String, Secret)>,
    /// Whom letters are from.
    pub sender: String,
    /// How long sending one may take.
    pub timeout: Duration,
    /// How long after a first failure it is tried again.
    pub retry_after: Duration,
    /// How many may wait.
    pub max_waiting: u32,
    /// What links begin with, without a slash at the end.
    pub base_url: String,
}

/// A letter as it is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    subject: String,
    text: String,
}

/// Where letters are left.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    settings: Arc<MailSettings>,
    wake: Arc<Notify>,
}

impl Outbox {
    pub(crate) fn new(settings: MailSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            wake: Arc::default(),
        }
    }

    pub(crate) fn settings(&self) -> &Arc<MailSettings> {
        &self.settings
    }

    /// Writes a letter where `run` stands; call [`Outbox::wake`] once that is committed.
    pub(crate) async fn post(
        &self,
        run: &impl Run,
        keys: &KeyRing,
        recipient: &str,
        letter: &Letter<'_>,
    ) -> Result<(), AccountError> {
        let id = Uuid::new_v4();
        let written = Written {
            subject: letter.subject(),
            text: letter.text(&self.settings.base_url),
        };
        let plain = serde_json::to_vec(&written)
            .map_err(|error| AccountError::Internal(error.to_string()))?;
        let sealed = keys.seal(&context(id), &plain)?;
        let most = i64::from(self.settings.max_waiting);
        match mail::insert_mail(run, id, recipient, &sealed, most).await? {
            0 => Err(AccountError::Busy),
            _ => Ok(()),
        }
    }

    /// Has the worker look at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

fn context(id: Uuid) -> String {
    format!("mail:{id}")
}
