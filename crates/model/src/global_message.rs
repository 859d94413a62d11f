//! Messages to everybody, shown on every page.

use uuid::Uuid;

use crate::query::{queries, record};

record! {
    /// A message to everybody.
    pub struct GlobalMessage {
        /// Its id.
        pub id: Uuid,
        /// Its text.
        pub content: String,
        /// `text/plain` or `text/markdown`.
        pub media_type: String,
        /// `info`, `warning` or `error`.
        pub severity: String,
    }
}

queries! {
    /// Adds a message; answers its id.
    fn insert_message(content: &str, media_type: &str, severity: &str) -> one Uuid = INSERT_MESSAGE;
    /// Lists the messages, oldest first.
    fn list_messages() -> many GlobalMessage = LIST_MESSAGES;
    /// Takes a message away.
    fn delete_message(id: Uuid) -> changed = DELETE_MESSAGE;
}
