//! Page tokens: where the next page of a list begins, in a text that only we can read.
//!
//! A token is sealed with a key of its own, derived from the registry's key ring, so any node may
//! answer the next page and no client can ask for a position of its choosing. It belongs to one
//! list and holds for two days.
//!
//! Quay: `endpoints/api/__init__.py`, `page_support`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::AuthError;
use crate::seal::KeyRing;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long a token holds, seconds.
pub const PAGE_TOKEN_LIFE_S: i64 = 2 * 86_400;
/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 4096;

/// Seals and opens page tokens.
#[derive(Debug)]
pub struct PageSealer(KeyRing);

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    at_s: i64,
    position: T,
}

impl PageSealer {
    /// Derives the key; all nodes with the same ring derive the same.
    ///
    /// # Errors
    /// [`AuthError::Sealing`].
    pub fn derive(keys: &KeyRing) -> Result<Self, AuthError> {
        keys.derived("page token").map(Self)
    }

    /// Seals a position in the list of this name at `now_s`, Unix seconds.
    ///
    /// # Errors
    /// [`AuthError::Random`] or [`AuthError::Sealing`].
    pub fn seal(
        &self,
        list: &str,
        position: &impl Serialize,
        now_s: i64,
    ) -> Result<String, AuthError> {
        let sealed = Sealed {
            at_s: now_s,
            position,
        };
        let text = serde_json::to_vec(&sealed).map_err(|_| AuthError::Sealing)?;
        Ok(URL_SAFE_NO_PAD.encode(self.0.seal(list, &text)?))
    }

    /// Opens a token; `None` for one of another list, one that is too old, and any other text.
    #[must_use]
    pub fn open<T: DeserializeOwned>(&self, list: &str, token: &str, now_s: i64) -> Option<T> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?;
        let text = self.0.open(list, &bytes).ok()?;
        let sealed: Sealed<T> = serde_json::from_str(text.expose()).ok()?;
        let age_s = now_s.checked_sub(sealed.at_s)?;
        (age_s <= PAGE_TOKEN_LIFE_S).then_some(sealed.position)
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_TOKEN_LIFE_S, PageSealer};
    use crate::seal::KeyRing;

    #[test]
    fn a_token_holds_for_its_list_and_two_days() {
        let ring = KeyRing::generate().expect("random");
        let pages = PageSealer::derive(&ring).expect("derive");
        let token = pages.seal("logs", &(5_i64, "x"), 1000).expect("seal");

        let opened: Option<(i64, String)> = pages.open("logs", &token, 1000 + PAGE_TOKEN_LIFE_S);
        assert_eq!(opened, Some((5, "x".to_owned())));
        let later = pages.open::<(i64, String)>("logs", &token, 1001 + PAGE_TOKEN_LIFE_S);
        assert_eq!(later, None);
        assert_eq!(pages.open::<(i64, String)>("users", &token, 1000), None);
        assert_eq!(pages.open::<i64>("logs", &token, 1000), None);
        assert_eq!(pages.open::<i64>("logs", "garbage", 1000), None);
        assert_eq!(pages.open::<i64>("logs", "", 1000), None);
    }

    #[test]
    fn another_node_opens_it_and_another_registry_does_not() {
        let ring = KeyRing::generate().expect("random");
        let (ours, theirs) = (
            PageSealer::derive(&ring).expect("derive"),
            PageSealer::derive(&ring.rotated().expect("rotate")).expect("derive"),
        );
        let token = ours.seal("logs", &7_i64, 0).expect("seal");

        assert_eq!(theirs.open::<i64>("logs", &token, 0), Some(7));
        let stranger = KeyRing::generate().expect("random");
        let stranger = PageSealer::derive(&stranger).expect("derive");
        assert_eq!(stranger.open::<i64>("logs", &token, 0), None);
        assert!(
            ring.open("logs", token.as_bytes()).is_err(),
            "the ring itself seals with another key"
        );
    }
}
