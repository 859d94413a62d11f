//! The `next_page` of lists: read from a request, and put into an answer.
//!
//! A handler asks [`position`] where to begin, reads one row more than a page, and adds
//! [`next`] to its answer when there is one. A token belongs to the operation and the path it came
//! from. One that cannot be read counts as none: the first page is answered.
//!
//! Quay: `endpoints/api/__init__.py`, `page_support`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::error::ApiError;

/// The query parameter.
pub const PARAMETER: &str = "next_page";

/// Where the asked page begins; `None` for the first.
#[must_use]
pub fn position<T: DeserializeOwned>(call: &Call) -> Option<T> {
    let token = call.query(PARAMETER)?;
    call.state.actors.pages().open(&list(call), token, now_s())
}

/// The token of the page that begins at `position`.
///
/// # Errors
/// 500 when the system's random generator fails.
pub fn next(call: &Call, position: &impl Serialize) -> Result<String, ApiError> {
    let sealed = call
        .state
        .actors
        .pages()
        .seal(&list(call), position, now_s());
    sealed.map_err(|error| ApiError::from(slipway_actors::account::AccountError::from(error)))
}

fn list(call: &Call) -> String {
    let mut list = call.operation.id.to_owned();
    for (name, value) in &call.path {
        list.push('\n');
        list.push_str(name);
        list.push('=');
        list.push_str(value);
    }
    list
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}
