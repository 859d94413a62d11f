//! Random text and constant-time comparison.
//!
//! All randomness of the crate comes from ring's `SystemRandom`. Random text is drawn by
//! rejection, so each character of the alphabet is equally likely whatever its size. The three
//! alphabets below are those of Quay's tokens: robot tokens are 64 characters of
//! [`UPPER_ALPHANUMERIC`], app-specific tokens 120, OAuth tokens 40 of [`ALPHANUMERIC`].

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::AuthError;
use crate::secret::Secret;

/// `A-Z0-9`: robot tokens and app-specific tokens.
pub const UPPER_ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// `A-Za-z0-9`: OAuth tokens, session identifiers, CSRF values.
pub const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// `a-z0-9`: generated names.
pub const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Draws `N` random bytes.
///
/// # Errors
/// [`AuthError::Random`] when the system's generator fails.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut bytes = [0_u8; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| AuthError::Random)?;
    Ok(bytes)
}

/// Draws a text of `length` characters, each equally likely from `alphabet`.
///
/// # Errors
/// [`AuthError::InvalidAlphabet`] unless the alphabet has 2 to 128 printable ASCII characters;
/// [`AuthError::Random`] when the system's generator fails.
pub fn random_token(alphabet: &[u8], length: usize) -> Result<Secret, AuthError> {
    let usable = (2..=128).contains(&alphabet.len()) && alphabet.iter().all(u8::is_ascii_graphic);
    if !usable {
        return Err(AuthError::InvalidAlphabet(alphabet.len()));
    }
    let accepted_below = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random_bytes::<64>()? {
            let drawn = usize::from(byte);
            if drawn >= accepted_below || text.len() == length {
                continue;
            }
            if let Some(character) = alphabet.get(drawn % alphabet.len()) {
                text.push(char::from(*character));
            }
        }
    }
    Ok(Secret::new(text))
}

/// Compares two texts in time that depends on their lengths only.
///
/// Both sides are reduced to a MAC first, so ring's constant-time comparison sees equal lengths.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    // The key only has to be fixed: what is constant in time is ring's comparison of the MACs.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"slipway constant time comparison");
    hmac::verify(&key, right, hmac::sign(&key, left).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_random_token_has_the_asked_length_and_alphabet() {
        for length in [0, 1, 63, 64, 65, 120] {
            let token = random_token(UPPER_ALPHANUMERIC, length).unwrap();

            assert_eq!(token.expose().len(), length);
            assert!(
                token
                    .expose()
                    .bytes()
                    .all(|byte| UPPER_ALPHANUMERIC.contains(&byte))
            );
        }
    }

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        let token = random_token(ALPHANUMERIC, 8_000).unwrap();

        let seen: HashSet<u8> = token.expose().bytes().collect();

        assert_eq!(seen.len(), ALPHANUMERIC.len());
    }

    #[test]
    fn two_tokens_differ() {
        let first = random_token(ALPHANUMERIC, 40).unwrap();
        let second = random_token(ALPHANUMERIC, 40).unwrap();

        assert_ne!(first.expose(), second.expose());
    }

    #[test]
    fn an_unusable_alphabet_is_refused() {
        assert_eq!(
            random_token(b"", 4).unwrap_err(),
            AuthError::InvalidAlphabet(0)
        );
        assert_eq!(
            random_token(b"a", 4).unwrap_err(),
            AuthError::InvalidAlphabet(1)
        );
        assert_eq!(
            random_token(b"a b", 4).unwrap_err(),
            AuthError::InvalidAlphabet(3)
        );
    }

    #[test]
    fn comparison_is_plain_equality() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"same", b"same"));
        assert!(!constant_time_eq(b"same", b"samE"));
        assert!(!constant_time_eq(b"same", b"same "));
    }
}
