//! A text that must not be seen.
//!
//! [`Secret`] wipes its memory when dropped and prints `***`, so passwords and tokens can be held
//! in structures that derive `Debug`. Comparing goes through [`Secret::matches`], in constant
//! time; there is deliberately no `PartialEq`, `Display` or `Serialize`.

use std::fmt;

use zeroize::Zeroizing;

use crate::random::constant_time_eq;

/// A password, token or key text; `Debug` shows `***`.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `text`, which is wiped when the secret is dropped.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows the text; keep the borrow short and never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// SHA-256 of the text: what is stored of a random token that is only compared.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.expose().as_bytes());
        digest.as_ref().to_vec()
    }

    /// Compares the text's SHA-256 with a stored one, in constant time.
    #[must_use]
    pub fn has_sha256(&self, stored: &[u8]) -> bool {
        constant_time_eq(&self.sha256(), stored)
    }

    /// Compares with `candidate` in time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, candidate: &str) -> bool {
        constant_time_eq(self.expose().as_bytes(), candidate.as_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let secret = Secret::from("hunter2hunter2");

        assert_eq!(format!("{secret:?} {secret:#?}"), "*** ***");
    }

    #[test]
    fn a_secret_matches_only_the_same_text() {
        let secret = Secret::from("abcdef");

        assert!(secret.matches("abcdef"));
        assert!(!secret.matches("abcdeg"));
        assert!(!secret.matches("abcde"));
        assert!(!secret.matches(""));
    }
}
