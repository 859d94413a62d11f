//! Why an account request is refused.

use std::borrow::Cow;

use slipway_auth::{AuthError, PasswordFault};
use slipway_model::ModelError;

use crate::kernel::{DispatchError, MaybeDispatch};

/// A refusal or fault of accounts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// No such user, or another password.
    #[error("Invalid Username or Password")]
    WrongPassword,
    /// The user was disabled.
    #[error("This user has been disabled. Please contact your administrator.")]
    Disabled,
    /// Too many wrong passwords; the next try is allowed after this many seconds.
    #[error("Too many login attempts. \nPlease reset your Quay password and try again.")]
    Throttled {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// This kind of credential is not known to this registry.
    #[error("{0}")]
    WrongCredential(Cow<'static, str>),
    /// A login is needed.
    #[error("Anonymous access is not allowed")]
    NoAnonymous,
    /// There are users already.
    #[error("Cannot initialize user in a non-empty database")]
    NotEmpty,
    /// The name or the e-mail is taken.
    #[error("{0}")]
    Taken(&'static str),
    /// The name cannot be a user's.
    #[error(
        "Invalid namespace {0}: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
    )]
    InvalidName(String),
    /// The password cannot be a password.
    #[error("Invalid password, password must be at least 8 characters and contain no whitespace.")]
    InvalidPassword,
    /// The e-mail cannot be one.
    #[error("Invalid email address: {0}")]
    InvalidEmail(String),
    /// The user's address is not proven yet.
    #[error("the e-mail address is not verified yet")]
    Unverified,
    /// A request that cannot be fulfilled, in Quay's words; its clients see an `invalid_request`.
    #[error("{0}")]
    Invalid(String),
    /// A request about something that is not there or not possible, in Quay's words; its clients
    /// see a `message`.
    #[error("{0}")]
    Rejected(String),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The caller may not do this.
    #[error("not allowed")]
    Forbidden,
    /// The user that shall administer what a user becomes is not one, or not proven.
    #[error("{0}")]
    InvalidAdmin(&'static str),
    /// Too many passwords were tried from one network or for one name.
    #[error("too many sign-ins, try again later")]
    Flooded {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// Too many logins at once.
    #[error("too many logins at once")]
    Busy,
    /// The database cannot be reached for the moment.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The message got no answer.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl MaybeDispatch for AccountError {
    fn dispatch(&self) -> Option<&DispatchError> {
        match self {
            Self::Dispatch(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ModelError> for AccountError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unavailable(text) => Self::Unavailable(text),
            ModelError::Conflict(name) if name.contains("email") => {
                Self::Taken("The email address is already in use")
            }
            ModelError::Conflict(name) if name.contains("namespace") => {
                Self::Taken("The username already exists")
            }
            ModelError::Conflict(text) | ModelError::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<AuthError> for AccountError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Busy => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<PasswordFault> for AccountError {
    fn from(_: PasswordFault) -> Self {
        Self::InvalidPassword
    }
}
