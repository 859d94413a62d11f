//! A hasher whose state can be put away and taken up again.
//!
//! An upload arrives in chunks, perhaps on different connections and different nodes. Between
//! two chunks its [`Hasher`] is saved as bytes; restoring them and going on gives the same
//! digest as hashing everything at once, wherever the cuts are.
//!
//! The saved form is one algorithm byte (as in [`Digest::to_db`]) and the state of the `sha2`
//! crate including its block buffer. It holds up to one block of the content in clear, so it is
//! as confidential as the blob. The form is stable within `sha2` 0.11; a unit test pins it.

use std::fmt;
use std::ops::Range;

use digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest as _, Sha256, Sha512};

use crate::digest::{Algorithm, Digest};
use crate::error::ParseError;

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// A running hash over a stream of bytes.
#[derive(Clone)]
pub struct Hasher(State);

impl Hasher {
    /// Starts a hash over nothing.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Appends `bytes` to the hashed stream.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// Answers the digest of everything appended.
    #[must_use]
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::from_sha256(state.finalize().into()),
            State::Sha512(state) => Digest::from_sha512(state.finalize().into()),
        }
    }

    /// Answers the algorithm this hasher was started with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// Renders the state: one algorithm byte, then what `sha2` needs to go on.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut saved = vec![self.algorithm().db_byte()];
        match &self.0 {
            State::Sha256(state) => saved.extend_from_slice(&state.serialize()),
            State::Sha512(state) => saved.extend_from_slice(&state.serialize()),
        }
        saved
    }

    /// Takes up what [`Hasher::save`] rendered.
    ///
    /// Damage that keeps the form intact cannot be seen here: the digest simply comes out wrong.
    ///
    /// # Errors
    /// [`ParseError::HasherState`] for an unknown algorithm byte, a wrong length, a block
    /// buffer that claims more bytes than a block has, or a count of blocks beyond 2^54.
    pub fn restore(saved: &[u8]) -> Result<Self, ParseError> {
        let refuse = |reason| ParseError::HasherState {
            len_bytes: saved.len(),
            reason,
        };
        let Some((&tag, state)) = saved.split_first() else {
            return Err(refuse("empty"));
        };
        match Algorithm::from_db_byte(tag) {
            Some(Algorithm::Sha256) => restore_state(state, SHA256_BLOCKS).map(State::Sha256),
            Some(Algorithm::Sha512) => restore_state(state, SHA512_BLOCKS).map(State::Sha512),
            None => Err("unknown algorithm byte"),
        }
        .map(Self)
        .map_err(refuse)
    }
}

/// Where a saved state counts the blocks hashed: little-endian, after the chaining value.
const SHA256_BLOCKS: Range<usize> = 32..40;
const SHA512_BLOCKS: Range<usize> = 64..80;

/// The most blocks taken: 2^54 blocks of 64 bytes are 2^60 bytes, far below the point at which
/// the length that `sha2` computes in bits overflows.
const MAX_BLOCKS: u128 = 1 << 54;

fn restore_state<S: SerializableState>(
    saved: &[u8],
    blocks_at: Range<usize>,
) -> Result<S, &'static str> {
    let state: &SerializedState<S> = saved.try_into().map_err(|_| "wrong length")?;
    let counter = saved.get(blocks_at).ok_or("wrong length")?;
    let block_count = counter
        .iter()
        .rev()
        .fold(0, |count: u128, byte| (count << 8) | u128::from(*byte));
    if block_count > MAX_BLOCKS {
        return Err("block count beyond any blob");
    }
    S::deserialize(state).map_err(|_| "malformed block buffer")
}

impl fmt::Debug for Hasher {
    /// Shows the algorithm only, because the state holds bytes of the content.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Hasher")
            .field(&self.algorithm())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

    #[test]
    fn a_saved_hasher_goes_on_where_it_stopped() {
        for algorithm in BOTH {
            for cut in [0, 1, 63, 64, 65, 127, 128, 129, 300] {
                let body = [0xa5; 300];
                let mut hasher = Hasher::new(algorithm);
                hasher.update(&body[..cut]);
                let mut hasher = Hasher::restore(&hasher.save()).unwrap();
                assert_eq!(hasher.algorithm(), algorithm);
                hasher.update(&body[cut..]);
                assert_eq!(
                    hasher.finish(),
                    Digest::of(algorithm, &body),
                    "cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn the_saved_form_is_the_one_of_earlier_releases() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"abc");
        let mut expected = "01\
            67e6096a85ae67bb72f36e3c3af54fa57f520e518c68059babd9831f19cde05b\
            0000000000000000\
            03616263"
            .to_owned();
        expected.push_str(&"00".repeat(60));
        assert_eq!(hex::encode(hasher.save()), expected);
        assert_eq!(hasher.save().len(), 1 + 32 + 8 + 64);
        assert_eq!(
            Hasher::new(Algorithm::Sha512).save().len(),
            1 + 64 + 16 + 128
        );
    }

    #[test]
    fn a_damaged_state_is_refused() {
        let saved = Hasher::new(Algorithm::Sha256).save();
        assert!(Hasher::restore(&[]).is_err());
        assert!(Hasher::restore(&saved[..saved.len() - 1]).is_err());
        let mut other_algorithm = saved.clone();
        other_algorithm[0] = 2;
        assert!(Hasher::restore(&other_algorithm).is_err());
        other_algorithm[0] = 9;
        assert!(Hasher::restore(&other_algorithm).is_err());
        let mut overfull = saved;
        overfull[1 + 32 + 8] = 64;
        assert_eq!(
            Hasher::restore(&overfull).unwrap_err(),
            ParseError::HasherState {
                len_bytes: 105,
                reason: "malformed block buffer"
            }
        );
    }

    #[test]
    fn a_block_count_that_would_overflow_is_refused() {
        for (algorithm, last_counter_byte) in [(Algorithm::Sha256, 40), (Algorithm::Sha512, 80)] {
            let mut saved = Hasher::new(algorithm).save();
            let len_bytes = saved.len();
            saved[last_counter_byte] = 0xff;
            assert_eq!(
                Hasher::restore(&saved).unwrap_err(),
                ParseError::HasherState {
                    len_bytes,
                    reason: "block count beyond any blob"
                }
            );
        }
    }

    #[test]
    fn debug_does_not_show_content() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"secret");
        assert_eq!(format!("{hasher:?}"), "Hasher(Sha256)");
    }
}
