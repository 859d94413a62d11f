//! Content digests: `algorithm:hex`.
//!
//! A [`Digest`] lives on the stack, is `Copy`, and orders first by algorithm, then by its bytes:
//! the order of its stored form ([`Digest::to_db`]) compared byte by byte. Text is
//! strict: lower-case hex of the exact length, as the image specification asks for `sha256` and
//! `sha512`. A digest that is well formed under another algorithm is refused with
//! [`ParseError::UnsupportedAlgorithm`], so that a caller can tell "never" from "malformed".
//!
//! Hashing a stream is the business of [`crate::Hasher`].

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use sha2::Digest as _;

use crate::error::{ParseError, shorten};

const SHA256_BYTES: usize = 32;
const SHA512_BYTES: usize = 64;
const SHA256_TAG: u8 = 1;
const SHA512_TAG: u8 = 2;

/// A hash algorithm this registry computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Algorithm {
    /// Answers the name before the colon: `sha256` or `sha512`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Answers the length of the raw hash in bytes (half the length of its hex).
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => SHA256_BYTES,
            Self::Sha512 => SHA512_BYTES,
        }
    }

    /// Answers the byte that stands for the algorithm in stored forms: 1 or 2.
    #[must_use]
    pub const fn db_byte(self) -> u8 {
        match self {
            Self::Sha256 => SHA256_TAG,
            Self::Sha512 => SHA512_TAG,
        }
    }

    /// Finds the algorithm that [`Algorithm::db_byte`] gave `byte`.
    #[must_use]
    pub const fn from_db_byte(byte: u8) -> Option<Self> {
        match byte {
            SHA256_TAG => Some(Self::Sha256),
            SHA512_TAG => Some(Self::Sha512),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            other => Err(ParseError::UnsupportedAlgorithm {
                algorithm: shorten(other),
            }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hash {
    Sha256([u8; SHA256_BYTES]),
    Sha512([u8; SHA512_BYTES]),
}

/// The digest of a blob or manifest.
///
/// Its text, `Debug` and serde form is `sha256:<64 hex>` or `sha512:<128 hex>`.
///
/// Source: OCI image-spec, `descriptor.md`, section "Digests".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Hash);

impl Digest {
    /// Parses `algorithm:hex`.
    ///
    /// # Errors
    /// [`ParseError::UnsupportedAlgorithm`] for a well-formed digest of another algorithm, else
    /// [`ParseError::Digest`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason| ParseError::Digest {
            value: shorten(text),
            reason,
        };
        let Some((algorithm_text, encoded)) = text.split_once(':') else {
            return Err(refuse("no colon"));
        };
        if !is_algorithm(algorithm_text) {
            return Err(refuse("malformed algorithm"));
        }
        if !is_encoded(encoded) {
            return Err(refuse("malformed encoded part"));
        }
        let algorithm = algorithm_text.parse::<Algorithm>()?;
        if encoded.len() != algorithm.digest_len() * 2 {
            return Err(refuse("wrong length"));
        }
        if encoded.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refuse("upper-case hex"));
        }
        let hash = match algorithm {
            Algorithm::Sha256 => decode_hex(encoded).map(Hash::Sha256),
            Algorithm::Sha512 => decode_hex(encoded).map(Hash::Sha512),
        };
        hash.map(Self).ok_or_else(|| refuse("not hex"))
    }

    /// Computes the digest of `bytes`.
    #[must_use]
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::from_sha256(sha2::Sha256::digest(bytes).into()),
            Algorithm::Sha512 => Self::from_sha512(sha2::Sha512::digest(bytes).into()),
        }
    }

    /// Wraps a finished SHA-256 hash.
    #[must_use]
    pub const fn from_sha256(hash: [u8; 32]) -> Self {
        Self(Hash::Sha256(hash))
    }

    /// Wraps a finished SHA-512 hash.
    #[must_use]
    pub const fn from_sha512(hash: [u8; 64]) -> Self {
        Self(Hash::Sha512(hash))
    }

    /// Answers the algorithm of this digest.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Hash::Sha256(_) => Algorithm::Sha256,
            Hash::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// Answers the raw hash, 32 or 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Hash::Sha256(hash) => hash,
            Hash::Sha512(hash) => hash,
        }
    }

    /// Renders the part after the colon.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.as_bytes())
    }

    /// Renders the stored form: one algorithm byte (1 = sha256, 2 = sha512), then the raw hash.
    #[must_use]
    pub fn to_db(&self) -> Vec<u8> {
        let mut stored = Vec::with_capacity(1 + self.as_bytes().len());
        stored.push(self.algorithm().db_byte());
        stored.extend_from_slice(self.as_bytes());
        stored
    }

    /// Parses what [`Digest::to_db`] rendered.
    ///
    /// # Errors
    /// [`ParseError::StoredDigest`] for an unknown algorithm byte or a wrong length.
    pub fn from_db(stored: &[u8]) -> Result<Self, ParseError> {
        let refuse = |reason| ParseError::StoredDigest {
            len_bytes: stored.len(),
            reason,
        };
        let Some((&tag, hash)) = stored.split_first() else {
            return Err(refuse("empty"));
        };
        match Algorithm::from_db_byte(tag) {
            Some(Algorithm::Sha256) => hash.try_into().map(Self::from_sha256),
            Some(Algorithm::Sha512) => hash.try_into().map(Self::from_sha512),
            None => return Err(refuse("unknown algorithm byte")),
        }
        .map_err(|_| refuse("wrong length"))
    }
}

/// Checks `component ([+._-] component)*` with `component = [a-z0-9]+`.
fn is_algorithm(text: &str) -> bool {
    text.split(['+', '.', '_', '-']).all(|component| {
        !component.is_empty()
            && component
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// Checks `[a-zA-Z0-9=_-]+`.
fn is_encoded(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-'))
}

fn decode_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let mut hash = [0; BYTES];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex_buffer = [0; SHA512_BYTES * 2];
        let bytes = self.as_bytes();
        let hex_text = hex_buffer
            .get_mut(..bytes.len() * 2)
            .and_then(|buffer| {
                hex::encode_to_slice(bytes, &mut *buffer)
                    .ok()
                    .map(|()| buffer)
            })
            .and_then(|buffer| std::str::from_utf8(buffer).ok())
            .ok_or(fmt::Error)?;
        write!(formatter, "{}:{hex_text}", self.algorithm().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DigestVisitor;

        impl Visitor<'_> for DigestVisitor {
            type Value = Digest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a digest like sha256:<hex>")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest, E> {
                Digest::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(DigestVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_SHA256: &str =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn reason_of(text: &str) -> &'static str {
        match Digest::parse(text) {
            Err(ParseError::Digest { reason, .. }) => reason,
            other => panic!("expected a malformed digest, got {other:?}"),
        }
    }

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        let digest = Digest::of(Algorithm::Sha256, b"");
        assert_eq!(digest.to_string(), EMPTY_SHA256);
        assert_eq!(format!("{digest:?}"), EMPTY_SHA256);
        assert_eq!(Digest::parse(EMPTY_SHA256), Ok(digest));
        assert_eq!(digest.algorithm(), Algorithm::Sha256);
        assert_eq!(format!("sha256:{}", digest.hex()), EMPTY_SHA256);
    }

    #[test]
    fn sha512_of_abc_is_the_published_one() {
        let digest = Digest::of(Algorithm::Sha512, b"abc");
        assert!(digest.hex().starts_with("ddaf35a193617abacc417349ae204131"));
        assert!(digest.hex().ends_with("2a9ac94fa54ca49f"));
        assert_eq!(digest.as_bytes().len(), Algorithm::Sha512.digest_len());
    }

    #[test]
    fn malformed_texts_say_why() {
        let hex64 = "a".repeat(64);
        assert_eq!(reason_of(""), "no colon");
        assert_eq!(reason_of("latest"), "no colon");
        assert_eq!(reason_of(&format!(":{hex64}")), "malformed algorithm");
        assert_eq!(reason_of(&format!("SHA256:{hex64}")), "malformed algorithm");
        assert_eq!(
            reason_of(&format!("sha256+:{hex64}")),
            "malformed algorithm"
        );
        assert_eq!(reason_of("sha256:"), "malformed encoded part");
        assert_eq!(
            reason_of(&format!("sha256:{hex64}:")),
            "malformed encoded part"
        );
        assert_eq!(
            reason_of(&format!("sha256: {hex64}")),
            "malformed encoded part"
        );
        assert_eq!(
            reason_of(&format!("sha256:../{hex64}")),
            "malformed encoded part"
        );
        assert_eq!(
            reason_of(&format!("sha256:{}", "a".repeat(63))),
            "wrong length"
        );
        assert_eq!(
            reason_of(&format!("sha256:{}", "a".repeat(65))),
            "wrong length"
        );
        assert_eq!(reason_of(&format!("sha512:{hex64}")), "wrong length");
        assert_eq!(
            reason_of(&format!("sha256:{}", "A".repeat(64))),
            "upper-case hex"
        );
        assert_eq!(reason_of(&format!("sha256:{}", "g".repeat(64))), "not hex");
    }

    #[test]
    fn a_well_formed_digest_of_another_algorithm_is_told_apart() {
        for (text, algorithm) in [
            ("sha384:00", "sha384"),
            ("blake3:af1349b9", "blake3"),
            (
                "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
                "sha256+b64u",
            ),
            (
                "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
                "multihash+base58",
            ),
        ] {
            let expected = ParseError::UnsupportedAlgorithm {
                algorithm: algorithm.to_owned(),
            };
            assert_eq!(Digest::parse(text), Err(expected));
        }
    }

    #[test]
    fn the_stored_form_starts_with_the_algorithm_byte() {
        let sha256 = Digest::of(Algorithm::Sha256, b"x");
        let sha512 = Digest::of(Algorithm::Sha512, b"x");
        assert_eq!(sha256.to_db().len(), 33);
        assert_eq!(sha256.to_db()[0], 1);
        assert_eq!(sha512.to_db().len(), 65);
        assert_eq!(sha512.to_db()[0], 2);
        assert_eq!(Digest::from_db(&sha256.to_db()), Ok(sha256));
        assert_eq!(Digest::from_db(&sha512.to_db()), Ok(sha512));
    }

    #[test]
    fn a_damaged_stored_form_is_refused() {
        let mut stored = Digest::of(Algorithm::Sha256, b"x").to_db();
        stored[0] = 2;
        assert!(matches!(
            Digest::from_db(&stored),
            Err(ParseError::StoredDigest {
                len_bytes: 33,
                reason: "wrong length"
            })
        ));
        stored[0] = 3;
        assert!(matches!(
            Digest::from_db(&stored),
            Err(ParseError::StoredDigest {
                reason: "unknown algorithm byte",
                ..
            })
        ));
        assert!(Digest::from_db(&[]).is_err());
        assert!(Digest::from_db(&[1]).is_err());
    }

    #[test]
    fn serde_uses_the_text_and_refuses_others() {
        let digest = Digest::of(Algorithm::Sha256, b"");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{EMPTY_SHA256}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"sha256:00\"").is_err());
        assert!(serde_json::from_str::<Digest>("7").is_err());
    }

    #[test]
    fn error_texts_do_not_repeat_long_input() {
        let error = Digest::parse(&"y".repeat(10_000)).unwrap_err();
        assert!(error.to_string().len() < 160, "{error}");
    }
}
