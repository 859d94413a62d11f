//! The audit log.
//!
//! It records who did what to which repository; it is written in batches behind the requests.

use std::time::Duration;

use crate::key::section;

section! {
    /// The audit log.
    Audit in "audit" {
        /// Whether a request is answered 503 when its audit row cannot be kept, pulls included.
        ///
        /// Otherwise rows that do not fit are dropped and counted.
        strict: bool = false, quay ["ALLOW_PULLS_WITHOUT_STRICT_LOGGING", "ALLOW_WITHOUT_STRICT_LOGGING"], flags [reload];
        /// Whether signing in and out is recorded.
        logins: bool = true, quay ["ACTION_LOG_AUDIT_LOGINS"];
        /// Whether wrong credentials are recorded.
        login_failures: bool = false, quay ["ACTION_LOG_AUDIT_LOGIN_FAILURES"];
        /// How often waiting rows are written.
        flush_interval: Duration = Duration::from_secs(1),
            range [Duration::from_millis(10), Duration::from_secs(3600)];
    }
}
