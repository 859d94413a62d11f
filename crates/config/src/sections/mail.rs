//! Mail: the server that takes it, and how hard it is tried.
//!
//! Without a server nothing is mailed, and addresses count as proven. Links in mails begin with
//! `server.url`.

use std::path::PathBuf;
use std::time::Duration;

use crate::choice::choice;
use crate::key::section;
use crate::secret::Secret;

choice! {
    /// How the connection to the mail server is encrypted.
    MailTls {
        /// The server must offer STARTTLS.
        StartTls = "starttls",
        /// Encrypted from the first byte.
        Tls = "tls",
        /// Not at all; for a server on the same machine.
        None = "none",
    }
}

section! {
    /// Sending mail.
    Mail in "mail" {
        /// Host of the mail server; nothing is mailed when empty.
        server: String = String::new(), quay ["MAIL_SERVER", "FEATURE_MAILING"];
        /// Port of the mail server.
        port: u16 = 587, range [1, 65_535], quay ["MAIL_PORT"];
        /// How the connection is encrypted.
        tls: MailTls = MailTls::StartTls, quay ["MAIL_USE_TLS"];
        /// Certificate of the authority that signed the server's, in PEM; the usual ones when not set.
        ca_certificate: Option<PathBuf> = None;
        /// Name to log in with; without one nobody logs in.
        user: String = String::new(), quay ["MAIL_USERNAME"];
        /// Password of `mail.user`.
        password: Option<Secret<String>> = None, quay ["MAIL_PASSWORD"], flags [secret];
        /// Whom mails are from, such as `Registry <registry@example.com>`.
        sender: String = String::new(), quay ["MAIL_DEFAULT_SENDER"];
        /// How long sending one mail may take.
        timeout: Duration = Duration::from_secs(30),
            range [Duration::from_secs(1), Duration::from_secs(600)];
        /// How long after a failure a mail is tried again; the wait doubles up to six hours, for two days.
        retry_after: Duration = Duration::from_secs(60),
            range [Duration::from_secs(1), Duration::from_secs(3600)];
    }
}
