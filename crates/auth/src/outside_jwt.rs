//! Tokens by which an issuer outside vouches for one of its identities.
//!
//! Such a token is read before it is trusted, because only its own words say whose keys it must be
//! verified by; whoever reads it compares issuer and subject with what was agreed before anything
//! is asked of the issuer. As with all tokens, the algorithm follows from the key, never from the
//! token. `aud` is not looked at: what a token is for is agreed by its subject.
//!
//! OpenID Connect Core sections 2 and 3.1.3.7, RFC 7519 (JWT), RFC 7517 section 5 (key sets).

use serde::Deserialize;
use serde_json::Value;

use crate::error::{AuthError, TokenError};
use crate::jwk::VerifyingKey;
use crate::jwt::KeySet;
use crate::service_jwt::ServiceJwt;
use crate::strict_json;

/// Keys of an issuer that are looked at; real ones have fewer than ten.
const MAX_KEYS: usize = 100;

/// A token that was taken apart but not verified.
#[derive(Debug)]
pub struct OutsideJwt<'a> {
    parts: ServiceJwt<'a>,
    claims: OutsideClaims,
}

#[derive(Debug, Deserialize)]
struct OutsideClaims {
    iss: String,
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
}

impl<'a> OutsideJwt<'a> {
    /// Takes a compact token apart.
    ///
    /// # Errors
    /// [`TokenError::TooLong`] or [`TokenError::Malformed`].
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        let parts = ServiceJwt::parse(token)?;
        let claims = strict_json::from_slice(parts.payload()).map_err(|_| TokenError::Malformed)?;
        Ok(Self { parts, claims })
    }

    /// Who is said to vouch.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Who it is said to be about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// The name of the key that is said to have signed it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.parts.kid()
    }

    /// Compares the token's times with `now_s`, Unix seconds; clocks may differ by `leeway_s`.
    /// Answers when the token ends.
    ///
    /// # Errors
    /// [`TokenError::Expired`] or [`TokenError::NotYet`].
    pub fn check_times(&self, now_s: i64, leeway_s: i64) -> Result<i64, TokenError> {
        let claims = &self.claims;
        if claims.exp.saturating_add(leeway_s) <= now_s {
            return Err(TokenError::Expired);
        }
        let latest_s = now_s.saturating_add(leeway_s);
        if claims.iat > latest_s || claims.nbf.is_some_and(|start_s| start_s > latest_s) {
            return Err(TokenError::NotYet);
        }
        Ok(claims.exp)
    }

    /// Verifies the signature by a key of the issuer.
    ///
    /// # Errors
    /// [`TokenError::BadSignature`], also when the token names another algorithm than the key's.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        if self.parts.is_signed_by(key) {
            return Ok(());
        }
        Err(TokenError::BadSignature)
    }
}

/// Reads a JWK set. Keys without a name, and those that cannot verify what is accepted here, are
/// left out: an issuer may have others for other purposes.
///
/// # Errors
/// [`AuthError::InvalidKey`] for what is no JWK set.
pub fn parse_key_set(text: &[u8]) -> Result<KeySet, AuthError> {
    let no_set = || AuthError::InvalidKey("not a JWK set".to_owned());
    let set: Value = strict_json::from_slice(text).map_err(|_| no_set())?;
    let keys = set.get("keys").and_then(Value::as_array);
    let mut known = KeySet::default();
    for jwk in keys.ok_or_else(no_set)?.iter().take(MAX_KEYS) {
        let kid = jwk.get("kid").and_then(Value::as_str);
        if let (Some(kid), Ok(key)) = (kid, VerifyingKey::from_jwk(jwk)) {
            known.insert_as(kid.to_owned(), key, None);
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{OutsideJwt, parse_key_set};
    use crate::error::TokenError;
    use crate::jwk::SigningKey;
    use crate::jwt::sign;

    fn key() -> SigningKey {
        SigningKey::generate().expect("a key").0
    }

    fn token(changes: &Value, key: &SigningKey) -> String {
        let mut claims = json!({
            "iss": "https://idp.test", "sub": "repo:acme", "aud": ["a", "b"],
            "iat": 1_000_000, "exp": 1_000_300,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        sign(&claims, key).expect("sign")
    }

    #[test]
    fn a_token_says_who_vouches_for_whom() {
        let key = key();
        let text = token(&json!({}), &key);
        let parsed = OutsideJwt::parse(&text).expect("well formed");

        assert_eq!(parsed.issuer(), "https://idp.test");
        assert_eq!(parsed.subject(), "repo:acme");
        assert_eq!(parsed.kid(), Some(key.kid()));
        assert_eq!(parsed.check_times(1_000_329, 30), Ok(1_000_300));
        parsed.verify(key.verifying_key()).expect("signed");
        let other = self::key();
        assert_eq!(
            parsed.verify(other.verifying_key()),
            Err(TokenError::BadSignature)
        );
    }

    #[test]
    fn times_are_compared() {
        let key = key();
        for (changes, expected) in [
            (json!({ "exp": 999_970 }), TokenError::Expired),
            (json!({ "iat": 1_000_031 }), TokenError::NotYet),
            (json!({ "nbf": 1_000_031 }), TokenError::NotYet),
        ] {
            let text = token(&changes, &key);
            let parsed = OutsideJwt::parse(&text).expect("well formed");
            assert_eq!(
                parsed.check_times(1_000_000, 30),
                Err(expected),
                "{changes}"
            );
        }
    }

    #[test]
    fn a_claim_that_is_missing_or_of_another_type_is_malformed() {
        let key = key();
        for changes in [
            json!({ "iss": null }),
            json!({ "sub": 7 }),
            json!({ "exp": "1" }),
            json!({ "iat": null }),
        ] {
            let refused = OutsideJwt::parse(&token(&changes, &key)).map(|_| ());
            assert_eq!(refused, Err(TokenError::Malformed), "{changes}");
        }
    }

    #[test]
    fn a_key_set_holds_what_can_be_used() {
        let key = key();
        let mut encrypting = self::key().jwk();
        encrypting["use"] = json!("enc");
        let mut nameless = self::key().jwk();
        nameless.as_object_mut().expect("an object").remove("kid");
        let secret = json!({ "kty": "oct", "kid": "mac", "k": "AAAA", "alg": "HS256" });
        let set = json!({ "keys": [key.jwk(), encrypting, nameless, secret] });

        let known = parse_key_set(set.to_string().as_bytes()).expect("a set");
        assert_eq!(known.len(), 1);
        assert!(known.find(key.kid(), 0).is_some());
        for text in ["{}", "[]", r#"{"keys":{}}"#, "<html>"] {
            assert!(parse_key_set(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// An RSA key of 2048 bits, and a token that it signed.
    const RSA_MODULUS: &str = concat!(
        "qlffiaSqM3prfdmvULaDgeavGRCqtVwHgB4qhnscZUe0u6O-KnHfWCbTqNQCCxwfYqEJqa4Vz_OEAkUU",
        "lR_TrHHsuTtLx9mYMAMH4uYlsDw_LhlYdG5bq1Mj2ELi6GmspbkXHAHwxPM1BB72e_buukxS0-ja5KNZ",
        "Bj59oaLMvcxV64dvTFtJc3rlnMmemh2jvG-HMkLg1M89HGAKiSqh77F_Dbtd5b2CbOn_8K2zxNPXmlf4",
        "rFnPoklwxmHTPStEEoWenBGyunLbvezpy6YVaXEPkoZf1DjumCHaLCNYpWZgrBvumxCoMoPOuvN9tIgo",
        "xnvsfcbDTODitgknKRpLww",
    );
    const RSA_TOKEN: &str = concat!(
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lkcC5",
        "0ZXN0Iiwic3ViIjoiam9iIiwiYXVkIjoieCIsImlhdCI6MTAwMDAwMCwiZXhwIjoxMDAwMzAwfQ.k6ad",
        "PB2E0uRewl02r7b1OW8vypWRazAy3vWifgERW8tVD__eyY14N9HA8zb1Q09wmoL-KaJPCYBiGMfXSAQI",
        "3ngQ1KtRQXXs9TfLRe3x2DXOGKcZgg4ZmmnX9lC50wQzkgWqWyv2yfmRmUCx5aQTI5g0sokW0mR2aru_",
        "7uTnKR4WEMiF3QcvmRg_jhe6L1IzXzbhuXtM5rNkvcyfRLsQlM6Q2ZPPMCeJ6DSjA4XtlmEfllHDswIi",
        "fMrIEplr-dFbY60bYjtJVSiDpHVH90FhplwPRKxIFpejSkc9jF7LF4AeaZcEaJeVQ65NpfcVXadTfRbe",
        "Tj8mdXr1Cw9QfekQ0Q",
    );

    #[test]
    fn a_token_of_an_rsa_key_is_verified() {
        let jwk = json!({ "kty": "RSA", "kid": "rsa", "e": "AQAB", "n": RSA_MODULUS });
        let ec = key().jwk();
        let set = json!({ "keys": [jwk, ec] }).to_string();
        let known = parse_key_set(set.as_bytes()).expect("a set");
        let token = OutsideJwt::parse(RSA_TOKEN).expect("well formed");
        assert_eq!(token.subject(), "job");

        let key = &known.find("rsa", 0).expect("the key").key;
        token.verify(key).expect("signed");
        let other = &known
            .find(ec["kid"].as_str().expect("a name"), 0)
            .expect("the key")
            .key;
        assert_eq!(token.verify(other), Err(TokenError::BadSignature));
    }
}
