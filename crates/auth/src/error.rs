//! The errors of this crate, one type per boundary.
//!
//! [`AuthError`] covers credentials and the machinery around them, [`TokenError`] a bearer token
//! that was refused, [`ScopeError`] a scope that cannot be read and [`PasswordFault`] a password
//! nobody may choose. No variant carries a secret. Texts that registry clients read are Quay's,
//! letter by letter, capital included; all others follow the house form.

use thiserror::Error;

/// A failure to read, make or check a credential.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthError {
    /// The `Authorization` header starts with a scheme other than `Basic` and `Bearer`.
    #[error("unsupported authorization scheme `{0}`")]
    UnsupportedScheme(String),
    /// The `Authorization` header names a known scheme but its value cannot be read.
    #[error("malformed authorization header: {0}")]
    MalformedHeader(&'static str),
    /// Too many password checks wait already; the caller should answer 503 or 429.
    #[error("too many password checks are waiting")]
    Busy,
    /// A stored password hash is neither an argon2 PHC string nor a bcrypt hash, or costs too much.
    #[error("stored password hash cannot be used: {0}")]
    UnusableHash(String),
    /// The configured hashing cost lies outside what argon2 allows.
    #[error("password hashing settings are invalid: {0}")]
    InvalidSettings(String),
    /// The password is longer than the limit, so it is refused before any hashing.
    #[error("password exceeds {limit_bytes} bytes")]
    PasswordTooLong {
        /// The longest password that is looked at.
        limit_bytes: usize,
    },
    /// The system's random generator failed.
    #[error("system random generator failed")]
    Random,
    /// An alphabet for random text is empty, too long or not printable ASCII.
    #[error("alphabet of {0} characters cannot be used for random text")]
    InvalidAlphabet(usize),
    /// A private or public key cannot be read or is of a kind that is not accepted.
    #[error("key cannot be used: {0}")]
    InvalidKey(String),
    /// Claims could not be written as JSON or signed.
    #[error("token cannot be signed: {0}")]
    Signing(String),
    /// A sealed value was not made by a key of this ring for this context, or is damaged.
    #[error("sealed value cannot be opened")]
    Sealing,
    /// A key file holds something else; the number of its line, 0 for a file without a key.
    #[error("key file cannot be read at line {0}")]
    KeyFile(usize),
    /// The blocking pool dropped the work, which happens at shutdown only.
    #[error("password check was abandoned")]
    Abandoned,
}

/// Why a bearer token was refused.
///
/// The texts are those Quay's clients see in the body of the 401 answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum TokenError {
    /// Not a compact JWS of the accepted form, or a required member is missing.
    #[error("Invalid token")]
    Malformed,
    /// No unexpired key of that `kid` is trusted.
    #[error("Unknown service key")]
    UnknownKey,
    /// The signature does not fit, or `alg` is not the algorithm of the named key.
    #[error("Signature verification failed")]
    BadSignature,
    /// `exp` lies in the past by more than the leeway.
    #[error("Signature has expired")]
    Expired,
    /// `nbf` or `iat` lies in the future by more than the leeway.
    #[error("The token is not yet valid (nbf)")]
    NotYet,
    /// `aud` is not one of this registry's audiences.
    #[error("Audience doesn't match")]
    WrongAudience,
    /// `iss` is not this registry's issuer.
    #[error("Invalid issuer")]
    WrongIssuer,
    /// The token's text exceeds the size limit.
    #[error("Token is too long")]
    TooLong,
    /// `exp - iat` exceeds the longest lifetime that is trusted.
    #[error("Token was signed for too long a time")]
    LifetimeTooLong,
}

/// Why a `scope` query value was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// Not a scope this registry issues tokens for; answers 400 `INVALID_REQUEST` (Quay's text).
    #[error("Unable to decode repository and actions: {0}")]
    Undecodable(String),
    /// The repository path breaks the name rules; answers 400 `NAME_INVALID` (Quay's text).
    #[error("Invalid repository name: {0}")]
    Name(String),
    /// More scopes in one request than anyone needs; answers 400 `INVALID_REQUEST`.
    #[error("more than {limit} scopes requested")]
    TooMany {
        /// The most scopes one token may carry.
        limit: usize,
    },
}

/// Why a password may not be chosen.
///
/// Texts are Quay's, which its clients show to the person typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordFault {
    /// Fewer than eight characters.
    #[error("Invalid password, password must be at least 8 characters and contain no whitespace.")]
    TooShort,
    /// White space anywhere in it.
    #[error("Invalid password, password must be at least 8 characters and contain no whitespace.")]
    Whitespace,
    /// More bytes than are ever hashed.
    #[error("Invalid password, password must not exceed 1024 bytes.")]
    TooLong,
}
