//! Messages to everybody.
//!
//! Quay: `endpoints/api/globalmessages.py`. It keeps no row of the usage log about them, and neither
//! do we: there is no kind for it.

use std::sync::Arc;

use slipway_model::global_message::{self, GlobalMessage};
use uuid::Uuid;

use super::{AccountError, Office, Work};

/// Lists the messages.
#[derive(Debug)]
pub struct ListMessages;

impl Work for ListMessages {
    type Answer = Vec<GlobalMessage>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<GlobalMessage>, AccountError> {
        Ok(global_message::list_messages(&office.deps.db).await?)
    }
}

/// Adds a message; answers its id.
#[derive(Debug)]
pub struct AddMessage {
    /// Its text.
    pub content: String,
    /// `text/plain` or `text/markdown`.
    pub media_type: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
}

impl Work for AddMessage {
    type Answer = Uuid;

    async fn run(self, office: Arc<Office>) -> Result<Uuid, AccountError> {
        let db = &office.deps.db;
        let id =
            global_message::insert_message(db, &self.content, &self.media_type, &self.severity);
        Ok(id.await?)
    }
}

/// Takes a message away, if it is there.
#[derive(Debug)]
pub struct DeleteMessage {
    /// Its id.
    pub id: Uuid,
}

impl Work for DeleteMessage {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        global_message::delete_message(&office.deps.db, self.id).await?;
        Ok(())
    }
}
