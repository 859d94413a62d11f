//! Prometheus metrics on the listener's `/metrics`.
//!
//! They hold counts and times, no names of users.

use crate::key::section;

section! {
    /// Prometheus metrics at `/metrics`.
    Metrics in "metrics" {
        /// Whether metrics can be read.
        enabled: bool = true;
        /// Whether reading them takes the login of a superuser.
        require_superuser: bool = false, flags [reload];
    }
}
