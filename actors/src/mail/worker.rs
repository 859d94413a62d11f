//! The worker that hands letters to the mail server.
//!
//! One connection a letter, one letter at a time; registries send few. What the server refuses for
//! good is dropped, anything else waits and is tried again for two days.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use slipway_model::mail::{self, DueMail};
use slipway_model::{Database, ModelError};

use super::{MailEncryption, MailSettings, Outbox, Written, context};
use crate::account::{AccountError, Office};

/// How often it looks without being woken, for mails whose wait is over.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Answers of a mail server that no later try will change: there is no such mailbox.
const NO_SUCH_MAILBOX: [u16; 3] = [550, 551, 553];

/// The worker; one a process.
pub(crate) struct Worker {
    office: Arc<Office>,
    outbox: Outbox,
    sender: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

/// Why a letter was not sent.
enum Unsent {
    /// It never will be.
    Never(String),
    /// It may be later.
    Later(String),
}

impl Worker {
    /// Reads the sender's address and the certificate.
    ///
    /// # Errors
    /// [`AccountError::Internal`] that names what cannot be used.
    pub(crate) fn new(office: Arc<Office>, outbox: Outbox) -> Result<Self, AccountError> {
        let settings = outbox.settings();
        let sender = settings.sender.parse().map_err(|error| {
            AccountError::Internal(format!("mail.sender `{}`: {error}", settings.sender))
        })?;
        Ok(Self {
            transport: connect(settings)?,
            sender,
            office,
            outbox,
        })
    }

    /// Sends what is due, for ever.
    pub(crate) async fn run(self) {
        let shortest = self.outbox.settings().retry_after.min(LOOK_EVERY);
        loop {
            if let Err(error) = self.send_due().await {
                tracing::warn!(%error, "mails wait, the database cannot be asked");
            }
            tokio::select! {
                () = self.outbox.wake.notified() => {}
                () = tokio::time::sleep(shortest) => {}
            }
        }
    }

    async fn send_due(&self) -> Result<(), ModelError> {
        let db: &Database = &self.office.deps.db;
        let retry_s = self.outbox.settings().retry_after.as_secs_f64();
        while let Some(due) = mail::claim_mail(db, retry_s).await? {
            match self.send(&due).await {
                Ok(()) => tracing::info!({ mail.id = %due.id }, "a mail was sent"),
                Err(Unsent::Later(reason)) if !due.is_last => {
                    tracing::warn!({ mail.id = %due.id, reason }, "a mail waits");
                    continue;
                }
                Err(Unsent::Later(reason) | Unsent::Never(reason)) => {
                    tracing::error!({ mail.id = %due.id, reason }, "a mail was given up");
                }
            }
            mail::delete_mail(db, due.id).await?;
        }
        Ok(())
    }

    async fn send(&self, due: &DueMail) -> Result<(), Unsent> {
        let message = self.write(due).map_err(Unsent::Never)?;
        let sending = self.transport.send(message);
        let limit = self.outbox.settings().timeout;
        match tokio::time::timeout(limit, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(Unsent::Later("the mail server took too long".to_owned())),
        }
    }

    fn write(&self, due: &DueMail) -> Result<Message, String> {
        let opened = self
            .office
            .keys
            .open(&context(due.id), &due.sealed_letter)
            .map_err(|error| error.to_string())?;
        let written: Written =
            serde_json::from_str(opened.expose()).map_err(|error| error.to_string())?;
        let recipient: Mailbox = due
            .recipient
            .parse()
            .map_err(|_| "the recipient is not an address".to_owned())?;
        Message::builder()
            .message_id(Some(format!(
                "<{}@{}>",
                due.id,
                host_of(&self.outbox.settings().base_url)
            )))
            .from(self.sender.clone())
            .to(recipient)
            .subject(written.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(written.text)
            .map_err(|error| error.to_string())
    }
}

/// What an error means, in words that hold no address: servers like to repeat them.
fn classify(error: &lettre::transport::smtp::Error) -> Unsent {
    let Some(code) = error.status() else {
        return Unsent::Later(error.to_string());
    };
    let code = u16::from(code);
    let text = format!("the mail server answered {code}");
    if NO_SUCH_MAILBOX.contains(&code) {
        Unsent::Never(text)
    } else {
        Unsent::Later(text)
    }
}

fn connect(settings: &MailSettings) -> Result<AsyncSmtpTransport<Tokio1Executor>, AccountError> {
    let tls = match settings.encryption {
        MailEncryption::None => Tls::None,
        MailEncryption::StartTls => Tls::Required(tls_parameters(settings)?),
        MailEncryption::Tls => Tls::Wrapper(tls_parameters(settings)?),
    };
    let host = host_of(&settings.base_url).to_owned();
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
        .port(settings.port)
        .tls(tls)
        .hello_name(ClientId::Domain(host))
        .timeout(Some(settings.timeout));
    if let Some((user, password)) = &settings.login {
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
}

fn tls_parameters(settings: &MailSettings) -> Result<TlsParameters, AccountError> {
    let mut builder = TlsParameters::builder(settings.server.clone());
    if let Some(path) = &settings.ca_certificate {
        builder = builder.add_root_certificate(read_certificate(path)?);
    }
    builder
        .build()
        .map_err(|error| AccountError::Internal(format!("mail.tls: {error}")))
}

fn read_certificate(path: &Path) -> Result<Certificate, AccountError> {
    let fault = |text: String| {
        AccountError::Internal(format!("mail.ca_certificate `{}`: {text}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    Certificate::from_pem(&pem).map_err(|error| fault(error.to_string()))
}

/// The host of `scheme://host:port`, without the port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if rest.starts_with('[') {
        return rest.split_inclusive(']').next().unwrap_or(rest);
    }
    rest.split([':', '/']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_host_is_found_in_the_base_url() {
        assert_eq!(
            host_of("https://registry.example.com"),
            "registry.example.com"
        );
        assert_eq!(host_of("http://127.0.0.1:5000"), "127.0.0.1");
        assert_eq!(host_of("http://[::1]:5000"), "[::1]");
    }
}
