//! Requests that another service signs: a short-lived token that says who, for whom, and when.
//!
//! A service hands in, replaces and takes back its keys this way. As with registry tokens, the
//! algorithm follows from the key, never from the token, so neither `none` nor a MAC over a public
//! key gets anywhere; and a key name inside the token only ever looks up, it is never a place to
//! read from.
//!
//! RFC 7519 (JWT), RFC 8725 (practices). Quay: `endpoints/keyserver/`, `util/security/jwtutil.py`.

use serde::Deserialize;
use serde_json::Value;

use crate::error::TokenError;
use crate::jwk::VerifyingKey;
use crate::jwt::{MAX_TOKEN_BYTES, decode, read_header};
use crate::strict_json;

/// How far clocks may differ, seconds.
const LEEWAY_S: i64 = 30;
/// The longest life of such a token, seconds.
const MAX_LIFE_S: i64 = 3660;

/// A token that was taken apart but not verified.
#[derive(Debug)]
pub struct ServiceJwt<'a> {
    signed_part: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: String,
    kid: Option<String>,
}

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub struct ServiceRules<'a> {
    /// Its `iss`: the service.
    pub issuer: &'a str,
    /// Its `aud`: this registry's URL.
    pub audience: &'a str,
    /// The time, Unix seconds.
    pub now_s: i64,
}

#[derive(Deserialize)]
struct ServiceClaims {
    iss: String,
    aud: Value,
    exp: i64,
    nbf: i64,
    iat: i64,
}

impl<'a> ServiceJwt<'a> {
    /// Takes a compact token apart.
    ///
    /// # Errors
    /// [`TokenError::TooLong`] or [`TokenError::Malformed`].
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed_part, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed_part.split_once('.').ok_or(TokenError::Malformed)?;
        let header = read_header(&decode(header)?)?;
        Ok(Self {
            signed_part,
            payload: decode(payload)?,
            signature: decode(signature)?,
            algorithm: header.alg,
            kid: header.kid,
        })
    }

    /// The name of the key that is said to have signed it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The payload as it stands in the token.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Says whether the signature is the key's, by the key's algorithm.
    pub(crate) fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        self.algorithm == key.algorithm()
            && key.is_signature(self.signed_part.as_bytes(), &self.signature)
    }

    /// Verifies the token by `key` and compares its claims.
    ///
    /// # Errors
    /// The first [`TokenError`] in this order: signature, `iss`, `aud`, times.
    pub fn verify(&self, key: &VerifyingKey, rules: &ServiceRules<'_>) -> Result<(), TokenError> {
        if !self.is_signed_by(key) {
            return Err(TokenError::BadSignature);
        }
        let claims: ServiceClaims =
            strict_json::from_slice(&self.payload).map_err(|_| TokenError::Malformed)?;
        if claims.iss != rules.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if claims.aud.as_str() != Some(rules.audience) {
            return Err(TokenError::WrongAudience);
        }
        let life_s = claims.exp.checked_sub(claims.iat);
        if life_s.ok_or(TokenError::Malformed)? > MAX_LIFE_S {
            return Err(TokenError::LifetimeTooLong);
        }
        if claims.exp.saturating_add(LEEWAY_S) <= rules.now_s {
            return Err(TokenError::Expired);
        }
        let latest_s = rules.now_s.saturating_add(LEEWAY_S);
        if claims.nbf > latest_s || claims.iat > latest_s {
            return Err(TokenError::NotYet);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::hmac;
    use serde_json::{Value, json};

    use super::{ServiceJwt, ServiceRules};
    use crate::error::TokenError;
    use crate::jwk::SigningKey;
    use crate::jwt::sign;

    const RULES: ServiceRules<'static> = ServiceRules {
        issuer: "scanner",
        audience: "http://registry.test",
        now_s: 1_000_000,
    };

    fn key() -> SigningKey {
        SigningKey::generate().expect("a key").0
    }

    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "scanner", "aud": "http://registry.test",
            "iat": 1_000_000, "nbf": 1_000_000, "exp": 1_000_300,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    }

    fn check(token: &str, key: &SigningKey) -> Result<(), TokenError> {
        ServiceJwt::parse(token)?.verify(key.verifying_key(), &RULES)
    }

    fn with_header(token: &str, header: &Value) -> String {
        let (_, rest) = token.split_once('.').expect("a header");
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    #[test]
    fn a_signed_request_passes() {
        let key = key();
        let token = sign(&claims(&json!({})), &key).expect("sign");

        check(&token, &key).expect("valid");
        let parsed = ServiceJwt::parse(&token).expect("well formed");
        assert_eq!(parsed.kid(), Some(key.kid()));
    }

    #[test]
    fn each_wrong_claim_is_refused() {
        let key = key();
        let cases = [
            (json!({"iss": "other"}), TokenError::WrongIssuer),
            (
                json!({"aud": "http://evil.test"}),
                TokenError::WrongAudience,
            ),
            (
                json!({"aud": ["http://registry.test"]}),
                TokenError::WrongAudience,
            ),
            (json!({"iat": 999_000, "exp": 999_970}), TokenError::Expired),
            (json!({"nbf": 1_000_031}), TokenError::NotYet),
            (
                json!({"iat": 1_000_031, "exp": 1_000_300}),
                TokenError::NotYet,
            ),
            (json!({"exp": 2_000_000}), TokenError::LifetimeTooLong),
            (json!({"exp": null}), TokenError::Malformed),
        ];
        for (changes, expected) in cases {
            let token = sign(&claims(&changes), &key).expect("sign");
            assert_eq!(check(&token, &key), Err(expected), "{changes}");
        }
    }

    #[test]
    fn no_other_algorithm_and_no_other_key_gets_through() {
        let (ours, theirs) = (key(), key());
        let token = sign(&claims(&json!({})), &ours).expect("sign");
        assert_eq!(check(&token, &theirs), Err(TokenError::BadSignature));

        let none = with_header(&token, &json!({"alg": "none", "kid": ours.kid()}));
        assert_eq!(check(&none, &ours), Err(TokenError::Malformed));
        let (signed, _) = none.rsplit_once('.').expect("a signature");
        assert_eq!(
            check(&format!("{signed}."), &ours),
            Err(TokenError::Malformed)
        );

        // A MAC whose secret is the public key, as a verifier that trusts `alg` would compute it.
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "kid": ours.kid()}).to_string());
        let payload = URL_SAFE_NO_PAD.encode(claims(&json!({})).to_string());
        let secret = ours.jwk().to_string();
        let mac = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            format!("{header}.{payload}").as_bytes(),
        );
        let forged = format!(
            "{header}.{payload}.{}",
            URL_SAFE_NO_PAD.encode(mac.as_ref())
        );
        assert_eq!(check(&forged, &ours), Err(TokenError::Malformed));

        let confused = with_header(&token, &json!({"alg": "RS256", "kid": ours.kid()}));
        assert_eq!(check(&confused, &ours), Err(TokenError::BadSignature));
    }
}
