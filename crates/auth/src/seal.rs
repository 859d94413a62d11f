//! Sealing what must be stored but may be shown again: robot tokens, application secrets,
//! passwords of other registries.
//!
//! AES-256-GCM under a key of the registry's own. A sealed value is one version byte, the key's
//! fingerprint (8 bytes), a random nonce (12) and the ciphertext with its tag; the *context* it was
//! sealed for is authenticated, so a value cannot be moved to another row. A [`KeyRing`] holds the
//! key in use and older ones, so that keys can be replaced while values of both are around.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::random::{constant_time_eq, random_bytes};
use crate::secret::Secret;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a key's fingerprint.
pub const FINGERPRINT_BYTES: usize = 8;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + FINGERPRINT_BYTES + NONCE_LEN;

/// Tells keys apart without revealing them.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

struct SealingKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    fingerprint: Fingerprint,
    aead: LessSafeKey,
}

impl SealingKey {
    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Result<Self, AuthError> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"slipway sealing key");
        context.update(&*bytes);
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        for (to, from) in fingerprint.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| AuthError::Sealing)?;
        Ok(Self {
            bytes,
            fingerprint,
            aead: LessSafeKey::new(key),
        })
    }
}

/// The keys of this registry; the first one seals, all of them open.
pub struct KeyRing {
    keys: Vec<SealingKey>,
}

impl KeyRing {
    /// Makes a ring of one fresh key.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn generate() -> Result<Self, AuthError> {
        let bytes = Zeroizing::new(random_bytes::<KEY_BYTES>()?);
        Ok(Self {
            keys: vec![SealingKey::new(bytes)?],
        })
    }

    /// Reads a ring: one key a line in base64, the key in use first; `#` begins a comment.
    ///
    /// # Errors
    /// [`AuthError::KeyFile`] with the number of the first line that is no key, or 0 when there is
    /// no key at all.
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let decoded = STANDARD.decode(line).map(Zeroizing::new);
            let bytes = decoded.ok().and_then(|bytes| {
                let bytes: Option<[u8; KEY_BYTES]> = bytes.as_slice().try_into().ok();
                bytes.map(Zeroizing::new)
            });
            keys.push(SealingKey::new(bytes.ok_or(AuthError::KeyFile(number))?)?);
        }
        if keys.is_empty() {
            return Err(AuthError::KeyFile(0));
        }
        Ok(Self { keys })
    }

    /// Writes the ring as [`KeyRing::parse`] reads it.
    #[must_use]
    pub fn render(&self) -> Secret {
        let mut text = String::from("# Seals secrets in the database. Losing it loses them.\n");
        for key in &self.keys {
            text.push_str(&Zeroizing::new(STANDARD.encode(key.bytes.as_slice())));
            text.push('\n');
        }
        Secret::new(text)
    }

    /// Puts a fresh key first; the others still open.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn rotated(&self) -> Result<Self, AuthError> {
        let mut rotated = Self::generate()?;
        for key in &self.keys {
            rotated.keys.push(SealingKey::new(key.bytes.clone())?);
        }
        Ok(rotated)
    }

    /// Keeps only the key in use.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.keys.truncate(1);
        self
    }

    /// The key in use; `None` never happens, a ring has a key.
    #[must_use]
    pub fn current(&self) -> Option<Fingerprint> {
        self.keys.first().map(|key| key.fingerprint)
    }

    /// Says whether a key is in the ring.
    #[must_use]
    pub fn holds(&self, fingerprint: &[u8]) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }

    /// Seals `plain` for `context`, such as `robot:17`.
    ///
    /// # Errors
    /// [`AuthError::Random`] or [`AuthError::Sealing`].
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, AuthError> {
        let key = self.keys.first().ok_or(AuthError::Sealing)?;
        let nonce = random_bytes::<NONCE_LEN>()?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.fingerprint);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        key.aead
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut body,
            )
            .map_err(|_| AuthError::Sealing)?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what was sealed for `context`.
    ///
    /// # Errors
    /// [`AuthError::Sealing`] for a value of another key or context, or a damaged one.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Secret, AuthError> {
        let (header, body) = sealed
            .split_at_checked(HEADER_BYTES)
            .ok_or(AuthError::Sealing)?;
        let (version, rest) = header.split_first().ok_or(AuthError::Sealing)?;
        let (fingerprint, nonce) = rest
            .split_at_checked(FINGERPRINT_BYTES)
            .ok_or(AuthError::Sealing)?;
        let key = self
            .keys
            .iter()
            .find(|key| *version == VERSION && key.fingerprint == fingerprint)
            .ok_or(AuthError::Sealing)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AuthError::Sealing)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = key
            .aead
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| AuthError::Sealing)?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| AuthError::Sealing)?;
        Ok(Secret::new(text))
    }

    /// Derives a ring of one key for one purpose; all nodes with the same ring derive the same.
    ///
    /// # Errors
    /// [`AuthError::Sealing`].
    pub(crate) fn derived(&self, purpose: &str) -> Result<Self, AuthError> {
        let tag = self.purpose_tag(purpose);
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Ok(Self {
            keys: vec![SealingKey::new(bytes)?],
        })
    }

    /// A secret for one purpose, of the oldest key, so that it outlives rotation.
    fn purpose_tag(&self, purpose: &str) -> hmac::Tag {
        let root = self.keys.last().map(|key| key.bytes.clone());
        let root = hmac::Key::new(
            hmac::HMAC_SHA256,
            root.as_deref().map_or(&[], |bytes| bytes),
        );
        hmac::sign(&root, purpose.as_bytes())
    }

    /// Derives a MAC key for one purpose; all nodes with the same ring derive the same.
    #[must_use]
    pub fn mac_key(&self, purpose: &str) -> MacKey {
        let tag = self.purpose_tag(purpose);
        MacKey(hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref()))
    }
}

/// Signs texts that we read back later, such as a cookie.
#[derive(Debug)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The MAC of a text, in base64url.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }

    /// Says whether `mac` is this key's for `text`.
    #[must_use]
    pub fn verify(&self, text: &str, mac: &str) -> bool {
        constant_time_eq(self.sign(text).as_bytes(), mac.as_bytes())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyRing({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::KeyRing;

    fn ring() -> KeyRing {
        KeyRing::generate().expect("random")
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_context_only() {
        let ring = ring();
        let sealed = ring.seal("robot:1", b"token").expect("seal");

        assert_eq!(
            ring.open("robot:1", &sealed).expect("open").expose(),
            "token"
        );
        ring.open("robot:2", &sealed).expect_err("another row");
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let ring = ring();
        let sealed = ring.seal("c", b"secret").expect("seal");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            ring.open("c", &damaged).expect_err("damaged");
        }
        for length in 0..sealed.len() {
            ring.open("c", &sealed[..length]).expect_err("shortened");
        }
    }

    #[test]
    fn a_rotated_ring_opens_old_and_seals_new() {
        let old = ring();
        let sealed = old.seal("c", b"secret").expect("seal");
        let new = old.rotated().expect("rotate");

        assert_eq!(new.open("c", &sealed).expect("open").expose(), "secret");
        assert_ne!(new.current(), old.current());
        let resealed = new.seal("c", b"secret").expect("seal");
        old.open("c", &resealed)
            .expect_err("the old ring lacks the key");
        new.trimmed()
            .open("c", &sealed)
            .expect_err("the old key is gone");
    }

    #[test]
    fn a_ring_is_read_back_as_written() {
        let ring = ring().rotated().expect("rotate");
        let read = KeyRing::parse(ring.render().expose()).expect("parse");

        assert_eq!(read.current(), ring.current());
        assert!(format!("{read:?}").contains("2 keys"));
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let error = KeyRing::parse("# c\nAAAA\n").expect_err("short");
        assert!(error.to_string().contains("line 2"), "{error}");
        KeyRing::parse("\n#\n").expect_err("empty");
    }
}
