//! Passwords verified a moment ago.
//!
//! Clients that log in with Basic send the password with every token request. This cache
//! remembers for [`VERIFIED_FOR`] that an account's password was right, as a MAC under a key that
//! lives and dies with the process: the cache holds nothing a password could be found from. The
//! stored hash goes into the MAC, so a changed password is forgotten by itself.
//!
//! Equal checks under way at the same time are joined into one, right or wrong; a wrong password
//! is never remembered beyond that. The cache is bounded and drops the least recently used.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use ring::hmac;
use tokio::sync::OnceCell;

use crate::error::AuthError;
use crate::password::PasswordHasher;
use crate::permission::AccountId;
use crate::random::random_bytes;
use crate::secret::Secret;

/// How long a verified password is remembered.
pub const VERIFIED_FOR: Duration = Duration::from_secs(60);

/// MAC over account, stored hash and password.
type Mark = [u8; 32];

/// Remembers verified passwords; share it behind an `Arc`.
pub struct VerifiedCache {
    key: hmac::Key,
    verified: Mutex<LruCache<Mark, Instant>>,
    under_way: Mutex<HashMap<Mark, Arc<OnceCell<bool>>>>,
}

impl VerifiedCache {
    /// Makes a cache of `entries` passwords with a key of its own.
    ///
    /// # Errors
    /// [`AuthError::Random`] when the system's generator fails.
    pub fn new(entries: NonZeroUsize) -> Result<Self, AuthError> {
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &random_bytes::<32>()?),
            verified: Mutex::new(LruCache::new(entries)),
            under_way: Mutex::new(HashMap::new()),
        })
    }

    /// Says whether `password` is the one `stored` was made from, by one hash at most per
    /// [`VERIFIED_FOR`] however many callers ask at once.
    ///
    /// `now` is the time of the request.
    ///
    /// # Errors
    /// As [`PasswordHasher::verify`].
    pub async fn verify(
        &self,
        hasher: &PasswordHasher,
        account: AccountId,
        password: &Secret,
        stored: &str,
        now: Instant,
    ) -> Result<bool, AuthError> {
        let mark = self.mark(account, password, stored);
        if self.is_fresh(&mark, now) {
            return Ok(true);
        }
        let shared = Shared::join(self, mark);
        let is_right = *shared
            .outcome
            .get_or_try_init(|| hasher.verify(password, stored))
            .await?;
        if is_right {
            lock(&self.verified).put(mark, now);
        }
        Ok(is_right)
    }

    /// Says whether this password was verified within [`VERIFIED_FOR`] before `now`.
    #[must_use]
    pub fn is_verified(
        &self,
        account: AccountId,
        password: &Secret,
        stored: &str,
        now: Instant,
    ) -> bool {
        self.is_fresh(&self.mark(account, password, stored), now)
    }

    /// Forgets every password.
    pub fn clear(&self) {
        lock(&self.verified).clear();
    }

    /// Counts the passwords remembered, stale ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.verified).len()
    }

    /// Says whether no password is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_fresh(&self, mark: &Mark, now: Instant) -> bool {
        let mut verified = lock(&self.verified);
        let Some(verified_at) = verified.get(mark).copied() else {
            return false;
        };
        let is_fresh = now.saturating_duration_since(verified_at) < VERIFIED_FOR;
        if !is_fresh {
            verified.pop(mark);
        }
        is_fresh
    }

    fn mark(&self, account: AccountId, password: &Secret, stored: &str) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&account.0.to_be_bytes());
        // The length keeps the end of one text from passing for the start of the next.
        context.update(&stored.len().to_be_bytes());
        context.update(stored.as_bytes());
        context.update(password.expose().as_bytes());
        let mut mark = [0_u8; 32];
        mark.iter_mut()
            .zip(context.sign().as_ref())
            .for_each(|(to, from)| *to = *from);
        mark
    }
}

impl std::fmt::Debug for VerifiedCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("VerifiedCache")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// One caller's part in a check under way; the last to leave takes it off the list.
struct Shared<'a> {
    cache: &'a VerifiedCache,
    mark: Mark,
    outcome: Arc<OnceCell<bool>>,
}

impl<'a> Shared<'a> {
    fn join(cache: &'a VerifiedCache, mark: Mark) -> Self {
        let outcome = Arc::clone(lock(&cache.under_way).entry(mark).or_default());
        Self {
            cache,
            mark,
            outcome,
        }
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.cache.under_way);
        // Joining needs the lock held here, so two owners are this caller and the list. A settled
        // check leaves the list at once: who comes later must not share an old refusal.
        if Arc::strong_count(&self.outcome) <= 2 || self.outcome.initialized() {
            let is_same = |listed: &Arc<OnceCell<bool>>| Arc::ptr_eq(listed, &self.outcome);
            if under_way.get(&self.mark).is_some_and(is_same) {
                under_way.remove(&self.mark);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section is one map operation, which a panic cannot leave half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
