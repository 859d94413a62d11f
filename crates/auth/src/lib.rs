//! Credentials, registry scopes, tokens and the permission decision.
//!
//! This crate says who a caller claims to be ([`challenge`]), proves it ([`password`], [`jwt`]),
//! reads what they ask for ([`scope`]) and answers what they may do ([`permission`]). It holds no
//! SQL and no HTTP: callers bring rows and header texts as plain values.
//!
//! Everything secret travels as [`Secret`], whose `Debug` prints `***`; signatures and random
//! bytes come from ring, password hashes from argon2. Times are passed in by the caller, as Unix
//! seconds where they concern tokens and as `Instant` where they concern caches.
//!
//! Start reading at [`permission::decide`] and [`organization::decide_organization`] for policy,
//! at [`seal::KeyRing`] for stored secrets and at [`jwt::TokenVerifier`] for tokens.

pub mod api_scope;
pub mod challenge;
pub mod claims;
pub mod error;
mod facts;
pub mod flood;
pub mod jwk;
pub mod jwt;
pub mod organization;
pub mod outside_jwt;
pub mod page_token;
pub mod password;
pub mod pem;
pub mod permission;
pub mod random;
mod reason;
pub mod redirect;
pub mod scope;
pub mod seal;
pub mod secret;
pub mod service_jwt;
mod strict_json;
pub mod token_cache;
pub mod verified_cache;

pub use error::{AuthError, PasswordFault, ScopeError, TokenError};
pub use secret::Secret;
