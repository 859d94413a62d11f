//! What users were told inside the registry.
//!
//! Quay: `endpoints/api/user.py`, `data/model/notification.py`.

use std::sync::Arc;

use slipway_model::AccountId;
use slipway_model::user_notification as notification;
pub use slipway_model::user_notification::UserNotification;
use uuid::Uuid;

use super::{AccountError, Office, Work};

/// Lists what a user, or an organization it administers, was told and nobody dismissed.
#[derive(Debug)]
pub struct ListNotifications {
    /// Who asks.
    pub account: AccountId,
    /// How many to skip.
    pub skip: i64,
    /// How many.
    pub limit: i64,
}

impl Work for ListNotifications {
    type Answer = Vec<UserNotification>;

    async fn run(self, office: Arc<Office>) -> Result<Self::Answer, AccountError> {
        let db = &office.deps.db;
        Ok(notification::list_notifications(db, self.account, self.skip, self.limit).await?)
    }
}

/// Finds one, and dismisses it or brings it back if asked.
#[derive(Debug)]
pub struct ReadNotification {
    /// Who asks.
    pub account: AccountId,
    /// Which.
    pub id: Uuid,
    /// Dismissed or not.
    pub set_dismissed: Option<bool>,
}

impl Work for ReadNotification {
    type Answer = UserNotification;

    async fn run(self, office: Arc<Office>) -> Result<UserNotification, AccountError> {
        let db = &office.deps.db;
        let found = notification::find_notification(db, self.account, self.id).await?;
        let mut found = found.ok_or(AccountError::NotFound)?;
        if let Some(dismissed) = self.set_dismissed {
            notification::set_dismissed(db, self.id, dismissed).await?;
            found.dismissed = dismissed;
        }
        Ok(found)
    }
}
