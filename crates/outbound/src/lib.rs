//! Asking other servers on somebody's behalf.
//!
//! Where a URL comes from a user, a request to it could reach what only this machine reaches. So
//! the host must be public, or be allowed by the configuration; this is decided on the address that
//! is connected to ([`guard`]), not on a name that could mean another address a moment later. No
//! redirect is followed, no proxy of the environment is used, and answers are bounded in size and
//! time ([`Outbound`]). What an answer means is left to who asked.

mod client;
pub mod guard;

pub use crate::client::Outbound;
pub use crate::guard::HostRules;

/// Why a URL was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// Not an absolute `http` or `https` URL with a host, or with a login in it.
    #[error("`{0}` is not a URL that can be asked")]
    InvalidUrl(String),
    /// Plain HTTP, to a host that is not allowed by its name or address.
    #[error("`{0}` is asked by https only")]
    Unencrypted(String),
    /// The host is, or its name leads to, an address that is not public.
    #[error("host `{0}` is not allowed")]
    Refused(String),
    /// No connection, no such name, a certificate that is not trusted, or no answer in time.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// An answer other than 200.
    #[error("answered {0}")]
    Status(u16),
    /// An answer beyond the bound.
    #[error("answered more than {limit_bytes} bytes")]
    TooLarge {
        /// The bound.
        limit_bytes: usize,
    },
}
