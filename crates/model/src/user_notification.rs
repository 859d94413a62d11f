//! What users and organizations were told inside the registry.

use serde_json::Value;
use uuid::Uuid;

use crate::ids::AccountId;
use crate::query::{queries, record};

record! {
    /// One of these.
    pub struct UserNotification {
        /// Its row.
        pub id: Uuid,
        /// What it is about, such as `org_team_invite`.
        pub kind: String,
        /// More of that.
        pub metadata: Value,
        /// Whether it was dismissed.
        pub dismissed: bool,
        /// When it was made, Unix seconds.
        pub created_s: i64,
        /// The organization it is for; `None` when it is for the user itself.
        pub organization: Option<String>,
    }
}

queries! {
    /// Lists what a user was told and did not dismiss, newest first.
    fn list_notifications(account: AccountId, skip: i64, limit: i64) -> many UserNotification = LIST_NOTIFICATIONS;
    /// Finds one that this user may see.
    fn find_notification(account: AccountId, id: Uuid) -> maybe UserNotification = FIND_NOTIFICATION;
    /// Dismisses one, or brings it back.
    fn set_dismissed(id: Uuid, is_dismissed: bool) -> changed = SET_DISMISSED;
}
