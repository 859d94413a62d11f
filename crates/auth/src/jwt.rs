//! Signing and verifying registry tokens.
//!
//! A token is a compact JWS. [`sign`] writes `ES256` ones; [`TokenVerifier`] accepts those of its
//! [`KeySet`] and nothing else: the algorithm follows from the key that `kid` names, never from
//! the header, so neither `none` nor a MAC over a public key gets anywhere. Encodings must be
//! canonical and objects must not repeat a name, so one token has one text.
//!
//! The order of checks is size, form, key, signature, then claims: an attacker without a key
//! learns nothing about claims. [`crate::token_cache::TokenCache`] spares repeated signatures.
//!
//! RFC 7515 (JWS), RFC 7519 (JWT), RFC 8725 (practices). Quay: `util/security/jwtutil.py`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::claims::Claims;
use crate::error::{AuthError, TokenError};
pub use crate::jwk::{SigningKey, VerifyingKey};
use crate::strict_json;

/// The longest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Signs `claims`, a JSON object, as a compact `ES256` token.
///
/// # Errors
/// [`AuthError::Signing`] when the claims cannot be written as JSON, [`AuthError::Random`] when
/// the system's generator fails.
pub fn sign<T: Serialize>(claims: &T, key: &SigningKey) -> Result<String, AuthError> {
    let header = json!({ "alg": "ES256", "kid": key.kid(), "typ": "JWT" }).to_string();
    let payload =
        serde_json::to_vec(claims).map_err(|failure| AuthError::Signing(failure.to_string()))?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign_bytes(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A key that tokens are accepted from.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// The public key.
    pub key: Arc<VerifyingKey>,
    /// First second at which the key is no longer trusted; `None` when it stays.
    pub expires_at_s: Option<i64>,
}

impl TrustedKey {
    fn is_trusted_at(&self, now_s: i64) -> bool {
        self.expires_at_s
            .is_none_or(|expires_at_s| now_s < expires_at_s)
    }
}

/// The keys that tokens are accepted from, by `kid`.
#[derive(Debug, Clone, Default)]
pub struct KeySet(HashMap<String, TrustedKey>);

impl KeySet {
    /// Adds a key under its own thumbprint.
    pub fn insert(&mut self, key: VerifyingKey, expires_at_s: Option<i64>) {
        self.insert_as(key.kid(), key, expires_at_s);
    }

    /// Adds a key under a name given elsewhere; replaces the key of that name.
    pub fn insert_as(&mut self, kid: String, key: VerifyingKey, expires_at_s: Option<i64>) {
        let trusted = TrustedKey {
            key: Arc::new(key),
            expires_at_s,
        };
        self.0.insert(kid, trusted);
    }

    /// Finds the key of that name if it is trusted at `now_s`.
    #[must_use]
    pub fn find(&self, kid: &str, now_s: i64) -> Option<&TrustedKey> {
        self.0
            .get(kid)
            .filter(|trusted| trusted.is_trusted_at(now_s))
    }

    /// Counts the keys, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a token must say to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The only accepted `iss`.
    pub issuer: String,
    /// The accepted values of `aud`; this server's name.
    pub audiences: Vec<String>,
    /// How far clocks may differ, in seconds; Quay's value is 30.
    pub leeway_s: i64,
    /// The longest accepted `exp - iat`, in seconds; Quay's value is 3660.
    pub max_fresh_s: i64,
}

/// Verifies tokens against one set of keys and rules; share it behind an `Arc`.
#[derive(Debug)]
pub struct TokenVerifier {
    keys: Arc<KeySet>,
    rules: Arc<TokenRules>,
    signature_checks: AtomicU64,
}

/// A token that passed every check, with the key that signed it.
#[derive(Debug)]
pub(crate) struct VerifiedToken {
    pub(crate) claims: Arc<Claims>,
    kid: String,
    key: Arc<VerifyingKey>,
}

#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

impl TokenVerifier {
    /// Makes a verifier.
    #[must_use]
    pub fn new(keys: Arc<KeySet>, rules: Arc<TokenRules>) -> Self {
        Self {
            keys,
            rules,
            signature_checks: AtomicU64::new(0),
        }
    }

    /// Makes a verifier with other keys and the same rules, for when keys rotate.
    #[must_use]
    pub fn with_keys(&self, keys: Arc<KeySet>) -> Self {
        Self::new(keys, Arc::clone(&self.rules))
    }

    /// Makes a verifier with other rules and the same keys, for tokens of another purpose.
    #[must_use]
    pub fn with_rules(&self, rules: Arc<TokenRules>) -> Self {
        Self::new(Arc::clone(&self.keys), rules)
    }

    /// Counts the signatures checked since the verifier was made.
    #[must_use]
    pub fn signature_checks(&self) -> u64 {
        self.signature_checks.load(Ordering::Relaxed)
    }

    /// Verifies a compact token at `now_s`, Unix seconds.
    ///
    /// # Errors
    /// The first [`TokenError`] in the order of checks: size, form, key, signature, `iss`, `aud`,
    /// times.
    pub fn verify(&self, token: &str, now_s: i64) -> Result<Claims, TokenError> {
        let verified = self.verify_fully(token, now_s)?;
        Ok(Arc::unwrap_or_clone(verified.claims))
    }

    pub(crate) fn verify_fully(
        &self,
        token: &str,
        now_s: i64,
    ) -> Result<VerifiedToken, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed_part, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed_part.split_once('.').ok_or(TokenError::Malformed)?;
        let header = read_header(&decode(header)?)?;
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        let kid = header.kid.ok_or(TokenError::Malformed)?;
        let trusted = self.keys.find(&kid, now_s).ok_or(TokenError::UnknownKey)?;
        if header.alg != trusted.key.algorithm() {
            return Err(TokenError::BadSignature);
        }
        self.signature_checks.fetch_add(1, Ordering::Relaxed);
        if !trusted.key.is_signature(signed_part.as_bytes(), &signature) {
            return Err(TokenError::BadSignature);
        }
        let claims: Claims =
            strict_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
        self.check_claims(&claims, now_s)?;
        Ok(VerifiedToken {
            claims: Arc::new(claims),
            kid,
            key: Arc::clone(&trusted.key),
        })
    }

    /// Repeats every check but the signature's, for a token verified before.
    pub(crate) fn recheck(&self, earlier: &VerifiedToken, now_s: i64) -> Result<(), TokenError> {
        let trusted = self
            .keys
            .find(&earlier.kid, now_s)
            .ok_or(TokenError::UnknownKey)?;
        // A name may have been given to another key in between.
        if trusted.key != earlier.key {
            return Err(TokenError::BadSignature);
        }
        self.check_claims(&earlier.claims, now_s)
    }

    fn check_claims(&self, claims: &Claims, now_s: i64) -> Result<(), TokenError> {
        let rules = &self.rules;
        if claims.iss != rules.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !rules.audiences.contains(&claims.aud) {
            return Err(TokenError::WrongAudience);
        }
        let lifetime_s = claims
            .exp
            .checked_sub(claims.iat)
            .ok_or(TokenError::Malformed)?;
        if claims.exp.saturating_add(rules.leeway_s) <= now_s {
            return Err(TokenError::Expired);
        }
        let latest_start_s = now_s.saturating_add(rules.leeway_s);
        if claims.nbf > latest_start_s || claims.iat > latest_start_s {
            return Err(TokenError::NotYet);
        }
        if lifetime_s > rules.max_fresh_s {
            return Err(TokenError::LifetimeTooLong);
        }
        Ok(())
    }
}

/// Reads base64url without padding and with zero trailing bits, so each value has one text.
pub(crate) fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

/// Reads the header; refuses a foreign `typ`, extensions that must be understood (RFC 7515
/// section 4.1.11), and algorithms that no key of ours has.
pub(crate) fn read_header(text: &[u8]) -> Result<Header, TokenError> {
    let header: Header = strict_json::from_slice(text).map_err(|_| TokenError::Malformed)?;
    let is_jwt = header
        .typ
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    let is_asymmetric = matches!(header.alg.as_str(), "ES256" | "RS256");
    if !is_jwt || !is_asymmetric || header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    Ok(header)
}
