//! Keys that sign and verify tokens, and their JSON form.
//!
//! This registry signs with P-256 keys only ([`SigningKey`]). It verifies with P-256 keys and with
//! RSA keys of 2048 to 8192 bits that were brought from outside ([`VerifyingKey`]). A key is named
//! by its RFC 7638 thumbprint, SHA-256 in base64url, which is also how Quay names service keys.
//!
//! RFC 7517 (JWK), RFC 7518 section 6 (key members), RFC 7638 (thumbprint).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::AuthError;

/// Bytes of one coordinate of a P-256 point.
const COORDINATE_BYTES: usize = 32;
/// Smallest accepted RSA modulus, 2048 bits.
const MIN_MODULUS_BYTES: usize = 256;
/// Largest accepted RSA modulus, 8192 bits.
const MAX_MODULUS_BYTES: usize = 1024;
/// Largest accepted RSA exponent; every exponent in use is 3 or 65537.
const MAX_EXPONENT_BYTES: usize = 4;

/// A P-256 private key; cheap to clone.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<EcdsaKeyPair>,
    public: VerifyingKey,
    kid: Arc<str>,
}

impl SigningKey {
    /// Makes a new key; answers it and its PKCS #8 form for storage.
    ///
    /// # Errors
    /// [`AuthError::Random`] when the system's generator fails.
    pub fn generate() -> Result<(Self, Zeroizing<Vec<u8>>), AuthError> {
        let generator = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &generator)
            .map_err(|_| AuthError::Random)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_pkcs8(&pkcs8)?, pkcs8))
    }

    /// Reads a key from its PKCS #8 form.
    ///
    /// # Errors
    /// [`AuthError::InvalidKey`] unless it is a P-256 key with its public half.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, AuthError> {
        let generator = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &generator)
            .map_err(|rejected| AuthError::InvalidKey(rejected.to_string()))?;
        let public = VerifyingKey::from_point(pair.public_key().as_ref())?;
        let kid = public.kid().into();
        Ok(Self {
            pair: Arc::new(pair),
            public,
            kid,
        })
    }

    /// The key's name: its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The public half as JSON, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        self.public.jwk()
    }

    /// Signs `message`; 64 bytes, r then s (RFC 7518 section 3.4).
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| AuthError::Random)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A public key that tokens are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    P256 {
        x: [u8; COORDINATE_BYTES],
        y: [u8; COORDINATE_BYTES],
    },
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl VerifyingKey {
    /// Reads a public key: `EC` on `P-256`, or `RSA` of 2048 to 8192 bits.
    ///
    /// # Errors
    /// [`AuthError::InvalidKey`] for other kinds, sizes and encodings, for a key meant for
    /// encryption or another algorithm, and for one that still holds its private half.
    pub fn from_jwk(jwk: &Value) -> Result<Self, AuthError> {
        if jwk.get("d").is_some() {
            return Err(invalid("holds a private member"));
        }
        if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
            return Err(invalid("is not for signatures"));
        }
        let key = match jwk.get("kty").and_then(Value::as_str) {
            Some("EC") => Self::p256_from_jwk(jwk)?,
            Some("RSA") => Self::rsa_from_jwk(jwk)?,
            _ => return Err(invalid("`kty` is neither `EC` nor `RSA`")),
        };
        if jwk
            .get("alg")
            .is_some_and(|algorithm| algorithm != key.algorithm())
        {
            return Err(invalid("`alg` is not accepted for this kind of key"));
        }
        Ok(key)
    }

    fn p256_from_jwk(jwk: &Value) -> Result<Self, AuthError> {
        if jwk.get("crv").and_then(Value::as_str) != Some("P-256") {
            return Err(invalid("`crv` is not `P-256`"));
        }
        let coordinate = |name: &str| {
            let bytes = member(jwk, name)?;
            <[u8; COORDINATE_BYTES]>::try_from(bytes)
                .map_err(|_| invalid("a coordinate is not 32 bytes"))
        };
        Ok(Self(Kind::P256 {
            x: coordinate("x")?,
            y: coordinate("y")?,
        }))
    }

    fn rsa_from_jwk(jwk: &Value) -> Result<Self, AuthError> {
        // Some writers keep the sign byte, which neither RFC 7518 nor ring admits.
        let unsigned = |name: &str| -> Result<Vec<u8>, AuthError> {
            Ok(member(jwk, name)?
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect())
        };
        let (modulus, exponent) = (unsigned("n")?, unsigned("e")?);
        if !(MIN_MODULUS_BYTES..=MAX_MODULUS_BYTES).contains(&modulus.len()) {
            return Err(invalid("the modulus is not 2048 to 8192 bits"));
        }
        let is_odd = exponent.last().is_some_and(|low| low % 2 == 1);
        if !is_odd || exponent == [1] || exponent.len() > MAX_EXPONENT_BYTES {
            return Err(invalid("the exponent is not an odd number of 3 or more"));
        }
        Ok(Self(Kind::Rsa { modulus, exponent }))
    }

    pub(crate) fn from_point(point: &[u8]) -> Result<Self, AuthError> {
        let coordinates = point.strip_prefix(&[4]).and_then(|rest| {
            let (x, y) = rest.split_at_checked(COORDINATE_BYTES)?;
            Some((x.try_into().ok()?, y.try_into().ok()?))
        });
        let (x, y) = coordinates.ok_or_else(|| invalid("not an uncompressed point"))?;
        Ok(Self(Kind::P256 { x, y }))
    }

    /// The uncompressed point of a P-256 key; `None` for other keys.
    pub(crate) fn p256_point(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Kind::P256 { x, y } => Some([&[4], x.as_slice(), y.as_slice()].concat()),
            Kind::Rsa { .. } => None,
        }
    }

    /// The one JWS algorithm this key verifies: `ES256` or `RS256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::P256 { .. } => "ES256",
            Kind::Rsa { .. } => "RS256",
        }
    }

    /// The key's thumbprint (RFC 7638), base64url of SHA-256.
    #[must_use]
    pub fn kid(&self) -> String {
        // The thumbprint is over exactly these members in exactly this order, without spaces.
        let canonical = match &self.0 {
            Kind::P256 { x, y } => format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                encode(x),
                encode(y)
            ),
            Kind::Rsa { modulus, exponent } => format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                encode(exponent),
                encode(modulus)
            ),
        };
        encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
    }

    /// The key as JSON, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (kid, algorithm) = (self.kid(), self.algorithm());
        match &self.0 {
            Kind::P256 { x, y } => json!({
                "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y),
                "kid": kid, "alg": algorithm, "use": "sig",
            }),
            Kind::Rsa { modulus, exponent } => json!({
                "kty": "RSA", "n": encode(modulus), "e": encode(exponent),
                "kid": kid, "alg": algorithm, "use": "sig",
            }),
        }
    }

    /// Says whether `signature` is this key's over `message`.
    #[must_use]
    pub fn is_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::P256 { x, y } => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message, signature).is_ok()
            }
            Kind::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
        }
    }
}

fn invalid(why: &str) -> AuthError {
    AuthError::InvalidKey(why.to_owned())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn member(jwk: &Value, name: &str) -> Result<Vec<u8>, AuthError> {
    let text = jwk.get(name).and_then(Value::as_str);
    let text = text.ok_or_else(|| AuthError::InvalidKey(format!("lacks `{name}`")))?;
    let decoded = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    decoded.map_err(|_| AuthError::InvalidKey(format!("`{name}` is not base64url")))
}
