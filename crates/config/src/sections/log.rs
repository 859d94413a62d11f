//! The process's own log, written to standard error.
//!
//! It never holds secrets or bodies.

use crate::choice::choice;
use crate::key::section;

choice! {
    /// How a log line is written.
    LogFormat {
        /// For people to read.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// The process's own log, on standard error.
    Log in "log" {
        /// Level, or filter by module, such as `info` or `info,slipway_storage=debug`.
        level: String = "info".to_owned(), quay ["LOGGING_LEVEL"], flags [reload];
        /// For people (`text`) or for machines (`json`).
        format: LogFormat = LogFormat::Text;
        /// Whether every request leaves a line (`info`, target `access`).
        access: bool = false, flags [reload];
    }
}
