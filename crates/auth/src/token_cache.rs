//! Tokens verified before.
//!
//! A client sends the same token with each of hundreds of requests, so what a token said is kept
//! by the SHA-256 of its text. Only tokens that passed are kept; on each hit everything but the
//! signature is checked again, so an expired token or a withdrawn key is refused at once.
//!
//! The cache is bounded, drops the least recently used entry, and is split into shards so that
//! threads rarely wait for each other. No lock is held during a signature check.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use ring::digest;

use crate::claims::Claims;
use crate::error::TokenError;
use crate::jwt::{MAX_TOKEN_BYTES, TokenVerifier, VerifiedToken};

/// SHA-256 of a token's text.
type TokenDigest = [u8; 32];
type Shard = Mutex<LruCache<TokenDigest, Arc<VerifiedToken>>>;

const MAX_SHARDS: usize = 16;

/// A bounded cache of verified tokens; share it behind an `Arc`.
pub struct TokenCache {
    shards: Vec<Shard>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl TokenCache {
    /// Makes a cache of about `entries` tokens: the number is rounded up to fill every shard.
    #[must_use]
    pub fn new(entries: NonZeroUsize) -> Self {
        let shard_count = entries.get().min(MAX_SHARDS);
        let per_shard = NonZeroUsize::new(entries.get().div_ceil(shard_count)).unwrap_or(entries);
        let shards = (0..shard_count)
            .map(|_| Mutex::new(LruCache::new(per_shard)))
            .collect();
        Self {
            shards,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Verifies `token` at `now_s`, without a signature check when it passed before.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub fn verify(
        &self,
        verifier: &TokenVerifier,
        token: &str,
        now_s: i64,
    ) -> Result<Arc<Claims>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let key = token_digest(token);
        if let Some(earlier) = self
            .shard(&key)
            .and_then(|mut shard| shard.get(&key).cloned())
        {
            self.hits.fetch_add(1, Ordering::Relaxed);
            if let Err(refusal) = verifier.recheck(&earlier, now_s) {
                self.forget(&key);
                return Err(refusal);
            }
            return Ok(Arc::clone(&earlier.claims));
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let verified = Arc::new(verifier.verify_fully(token, now_s)?);
        let claims = Arc::clone(&verified.claims);
        if let Some(mut shard) = self.shard(&key) {
            shard.put(key, verified);
        }
        Ok(claims)
    }

    /// Forgets every token, for when an account's epoch rises.
    pub fn clear(&self) {
        for shard in &self.shards {
            lock(shard).clear();
        }
    }

    /// Counts the tokens held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Says whether no token is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts look-ups that found a token, refused or not.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Counts look-ups that found nothing.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    fn forget(&self, key: &TokenDigest) {
        if let Some(mut shard) = self.shard(key) {
            shard.pop(key);
        }
    }

    fn shard(
        &self,
        key: &TokenDigest,
    ) -> Option<MutexGuard<'_, LruCache<TokenDigest, Arc<VerifiedToken>>>> {
        let [first, ..] = key;
        let index = usize::from(*first) % self.shards.len().max(1);
        self.shards.get(index).map(lock)
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TokenCache")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

fn lock(shard: &Shard) -> MutexGuard<'_, LruCache<TokenDigest, Arc<VerifiedToken>>> {
    // A panic elsewhere cannot leave an LRU map half changed in a way that grants anything.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn token_digest(token: &str) -> TokenDigest {
    let mut bytes = [0_u8; 32];
    let computed = digest::digest(&digest::SHA256, token.as_bytes());
    bytes
        .iter_mut()
        .zip(computed.as_ref())
        .for_each(|(to, from)| *to = *from);
    bytes
}
