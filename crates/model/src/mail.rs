//! Mails that wait to be sent.

use uuid::Uuid;

use crate::query::{queries, record};

record! {
    /// A mail that is due.
    pub struct DueMail {
        /// Its row.
        pub id: Uuid,
        /// To whom.
        pub recipient: String,
        /// What it says, sealed.
        pub sealed_letter: Vec<u8>,
        /// Whether it waited so long that it is not tried again.
        pub is_last: bool,
    }
}

queries! {
    /// Keeps a mail until it is sent; no row changes when `max_waiting` wait already.
    fn insert_mail(id: Uuid, recipient: &str, sealed_letter: &[u8], max_waiting: i64) -> changed = INSERT_MAIL;
    /// Takes the mail that is due, which is due again after `retry_s` seconds or more.
    fn claim_mail(retry_s: f64) -> maybe DueMail = CLAIM_MAIL;
    /// Counts the mails that wait.
    fn count_waiting() -> one i64 = COUNT_MAILS;
    /// Forgets a mail.
    fn delete_mail(id: Uuid) -> changed = DELETE_MAIL;
}
