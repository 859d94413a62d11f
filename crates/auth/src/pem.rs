//! Keys as PEM, which is how people carry them.
//!
//! RFC 7468 (PEM), RFC 5958 (`PRIVATE KEY`), RFC 5480 section 2 (`PUBLIC KEY` of a curve).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::jwk::{SigningKey, VerifyingKey};
use crate::secret::Secret;

/// `SubjectPublicKeyInfo` of a P-256 key up to its point: sequence of the algorithm (an elliptic
/// curve, prime256v1) and a bit string of 66 bytes.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const LINE: usize = 64;

/// A key pair as text.
#[derive(Debug)]
pub struct KeyPair {
    /// The key.
    pub key: SigningKey,
    /// Its private half.
    pub private_pem: Secret,
    /// Its public half.
    pub public_pem: String,
}

/// Makes a P-256 key pair.
///
/// # Errors
/// [`AuthError::Random`] when the system's generator fails.
pub fn generate_pair() -> Result<KeyPair, AuthError> {
    let (key, pkcs8) = SigningKey::generate()?;
    let private_pem = Secret::new(render("PRIVATE KEY", &pkcs8));
    let point = key.verifying_key().p256_point();
    let point = point.ok_or_else(|| AuthError::InvalidKey("is not of P-256".to_owned()))?;
    let public_pem = render("PUBLIC KEY", &[P256_PREFIX.as_slice(), &point].concat());
    Ok(KeyPair {
        key,
        private_pem,
        public_pem,
    })
}

/// Reads the public half of a key that [`generate_pair`] made.
///
/// # Errors
/// [`AuthError::InvalidKey`] for anything else.
pub fn read_public(pem: &str) -> Result<VerifyingKey, AuthError> {
    let invalid = || AuthError::InvalidKey("is not the PEM of a P-256 key".to_owned());
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let der = STANDARD.decode(body).map_err(|_| invalid())?;
    let point = der
        .strip_prefix(P256_PREFIX.as_slice())
        .ok_or_else(invalid)?;
    VerifyingKey::from_point(point)
}

fn render(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, later) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = later;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{generate_pair, read_public};
    use crate::jwk::SigningKey;

    #[test]
    fn both_halves_are_read_back() {
        let pair = generate_pair().expect("random");

        let public = read_public(&pair.public_pem).expect("a public key");
        assert_eq!(&public, pair.key.verifying_key());
        let body: String = pair
            .private_pem
            .expose()
            .lines()
            .filter(|line| !line.starts_with("---"))
            .collect();
        let der = STANDARD.decode(body).expect("base64");
        let private = SigningKey::from_pkcs8(&der).expect("a private key");
        assert_eq!(private.kid(), pair.key.kid());
        read_public(pair.private_pem.expose()).expect_err("the other half");
    }
}
