//! What can go wrong with the database, as the layers above need to tell it apart.
//!
//! A broken connection is [`ModelError::Unavailable`], and then the statement may or may not have
//! run; callers that write must be able to repeat or look.

use tokio_postgres::error::SqlState;

/// A statement that did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ModelError {
    /// A constraint refused the row.
    #[error("constraint `{0}` refuses the row")]
    Conflict(String),
    /// The database cannot be reached, is starting, or has no connection to spare.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else; a fault of ours or of the server.
    #[error("the database answered: {0}")]
    Internal(String),
}

impl From<tokio_postgres::Error> for ModelError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let is_ours = error.to_string().starts_with("error serializing")
                || error.to_string().starts_with("error deserializing");
            let text = describe(&error);
            return if is_ours {
                Self::Internal(text)
            } else {
                Self::Unavailable(text)
            };
        };
        let code = answer.code();
        let class = code.code().get(..2).unwrap_or_default();
        if class == "23" {
            return Self::Conflict(answer.constraint().unwrap_or("unnamed").to_owned());
        }
        let is_passing = matches!(class, "08" | "53" | "57")
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE;
        let text = format!("{} ({})", answer.message(), code.code());
        if is_passing {
            Self::Unavailable(text)
        } else {
            Self::Internal(text)
        }
    }
}

/// The error with the reason below it, which its own text leaves out.
fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl From<deadpool_postgres::PoolError> for ModelError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => match Self::from(error) {
                Self::Unavailable(text) | Self::Internal(text) | Self::Conflict(text) => {
                    Self::Unavailable(text)
                }
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}
