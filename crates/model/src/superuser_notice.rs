//! Notifications that every superuser gets.

use serde_json::Value;

use crate::query::queries;

queries! {
    /// Notifies those whose row says superuser, and those that the configuration names.
    fn notify_superusers(
        kind: &str,
        metadata: &Value,
        lookup_path: &str,
        configured: &[String],
    ) -> changed = NOTIFY_SUPERUSERS;
    /// Takes back the notifications with this path.
    fn delete_by_path(lookup_path: &str) -> changed = DELETE_NOTIFICATIONS_BY_PATH;
}
