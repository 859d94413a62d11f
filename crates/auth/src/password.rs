//! Making and checking password hashes.
//!
//! New hashes are argon2id in PHC form. Imported bcrypt hashes (`$2a$`, `$2b$`, `$2y$`) are still
//! verified. All work happens on the blocking pool, at most [`HashingCost::concurrent`] at a time
//! because each takes its share of memory, and at most [`MAX_WAITING`] callers wait; the next one
//! is turned away with [`AuthError::Busy`] rather than queued.
//!
//! An unknown user must cost the caller as much time as a wrong password does: call
//! [`PasswordHasher::verify_absent`] for those. [`crate::verified_cache::VerifiedCache`] spares
//! the repeats of a login storm.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{AuthError, PasswordFault};
use crate::random::random_bytes;
use crate::secret::Secret;

/// The most callers that wait for their turn.
pub const MAX_WAITING: usize = 256;
/// The longest password that is hashed; robot and app tokens are far shorter.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// The shortest password that may be chosen, in characters.
pub const MIN_PASSWORD_CHARACTERS: usize = 8;

/// Dearest stored argon2 hash that is verified, so one bad row cannot exhaust memory.
const MAX_STORED_MEMORY_KIB: u32 = 256 * 1024;
const MAX_STORED_ITERATIONS: u32 = 16;
/// Dearest stored bcrypt hash that is verified; each step doubles the time.
const MAX_STORED_BCRYPT_COST: u32 = 15;

/// What one hash costs and how many run at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Hashes computed at the same time; zero counts as one.
    pub concurrent: usize,
}

impl Default for HashingCost {
    /// 19 MiB, two passes (the OWASP minimum for argon2id), two at a time.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            concurrent: 2,
        }
    }
}

/// Hashes and verifies passwords; cheap to clone, clones share the limits.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    completed: Arc<AtomicUsize>,
    concurrent: usize,
}

/// Counts one waiting caller for as long as it lives.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PasswordHasher {
    /// Makes a hasher.
    ///
    /// # Errors
    /// [`AuthError::InvalidSettings`] when argon2 does not admit the cost.
    pub fn new(cost: HashingCost) -> Result<Self, AuthError> {
        let params = Params::new(cost.memory_kib, cost.iterations, 1, None)
            .map_err(|refusal| AuthError::InvalidSettings(refusal.to_string()))?;
        let concurrent = cost.concurrent.max(1);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(concurrent)),
            waiting: Arc::default(),
            completed: Arc::default(),
            concurrent,
        })
    }

    /// Hashes `password`; answers an argon2id PHC string with a fresh salt.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many wait, [`AuthError::PasswordTooLong`],
    /// [`AuthError::Random`], and [`AuthError::Abandoned`] at shutdown.
    pub async fn hash(&self, password: &Secret) -> Result<String, AuthError> {
        let argon2 = self.argon2.clone();
        self.run(password, move |password| {
            let salt = SaltString::encode_b64(&random_bytes::<16>()?)
                .map_err(|refusal| AuthError::InvalidSettings(refusal.to_string()))?;
            let hash = argon2
                .hash_password(password.expose().as_bytes(), &salt)
                .map_err(|refusal| AuthError::InvalidSettings(refusal.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Says whether `password` is the one `stored` was made from.
    ///
    /// # Errors
    /// As [`PasswordHasher::hash`], and [`AuthError::UnusableHash`] when `stored` is of another
    /// form or too dear to check.
    pub async fn verify(&self, password: &Secret, stored: &str) -> Result<bool, AuthError> {
        let stored = stored.to_owned();
        self.run(password, move |password| verify_now(password, &stored))
            .await
    }

    /// Takes as long as a refused [`PasswordHasher::verify`] does; for users who do not exist.
    ///
    /// # Errors
    /// As [`PasswordHasher::hash`].
    pub async fn verify_absent(&self, password: &Secret) -> Result<(), AuthError> {
        let argon2 = self.argon2.clone();
        self.run(password, move |password| {
            let mut output = [0_u8; Params::DEFAULT_OUTPUT_LEN];
            argon2
                .hash_password_into(
                    password.expose().as_bytes(),
                    b"nobody has this salt",
                    &mut output,
                )
                .map_err(|refusal| AuthError::InvalidSettings(refusal.to_string()))?;
            // Keeps the work from being optimised away.
            std::hint::black_box(output);
            Ok(())
        })
        .await
    }

    /// Says whether `stored` was made at another cost or by another algorithm, so that it should
    /// be made anew at the next good login.
    #[must_use]
    pub fn is_outdated(&self, stored: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(stored) else {
            return true;
        };
        let params = Params::try_from(&parsed).ok();
        let is_same_cost = params.is_some_and(|params| {
            params.m_cost() == self.argon2.params().m_cost()
                && params.t_cost() == self.argon2.params().t_cost()
        });
        parsed.algorithm != Algorithm::Argon2id.ident() || !is_same_cost
    }

    /// Counts the hashes computed since the hasher was made.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.completed.load(Ordering::Relaxed)
    }

    /// Counts the hashes that hold a turn, those whose caller has left included.
    #[must_use]
    pub fn running(&self) -> usize {
        self.concurrent
            .saturating_sub(self.turns.available_permits())
    }

    /// Counts the callers that wait for a turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn run<T, F>(&self, password: &Secret, work: F) -> Result<T, AuthError>
    where
        T: Send + 'static,
        F: FnOnce(&Secret) -> Result<T, AuthError> + Send + 'static,
    {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(AuthError::PasswordTooLong {
                limit_bytes: MAX_PASSWORD_BYTES,
            });
        }
        let permit = self.take_turn().await?;
        let (password, completed) = (password.clone(), Arc::clone(&self.completed));
        let task = tokio::task::spawn_blocking(move || {
            // The permit lives in the work, not in the caller: a caller that goes away must not
            // let one hash too many run.
            let _permit: OwnedSemaphorePermit = permit;
            let outcome = work(&password);
            completed.fetch_add(1, Ordering::Relaxed);
            outcome
        });
        task.await.map_err(|_| AuthError::Abandoned)?
    }

    async fn take_turn(&self) -> Result<OwnedSemaphorePermit, AuthError> {
        if let Ok(permit) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(permit);
        }
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let _waiting = Waiting(Arc::clone(&self.waiting));
        if ahead >= MAX_WAITING {
            return Err(AuthError::Busy);
        }
        Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| AuthError::Abandoned)
    }
}

fn verify_now(password: &Secret, stored: &str) -> Result<bool, AuthError> {
    if stored.starts_with("$2") {
        verify_bcrypt(password, stored)
    } else {
        verify_argon2(password, stored)
    }
}

fn verify_argon2(password: &Secret, stored: &str) -> Result<bool, AuthError> {
    let unusable =
        |failure: argon2::password_hash::Error| AuthError::UnusableHash(failure.to_string());
    let parsed = PasswordHash::new(stored).map_err(unusable)?;
    let params = Params::try_from(&parsed).map_err(unusable)?;
    if parsed.salt.is_none() || parsed.hash.is_none() {
        return Err(AuthError::UnusableHash("lacks salt or hash".to_owned()));
    }
    if params.m_cost() > MAX_STORED_MEMORY_KIB || params.t_cost() > MAX_STORED_ITERATIONS {
        return Err(AuthError::UnusableHash("too dear to check".to_owned()));
    }
    match Argon2::default().verify_password(password.expose().as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(failure) => Err(unusable(failure)),
    }
}

fn verify_bcrypt(password: &Secret, stored: &str) -> Result<bool, AuthError> {
    let cost = stored
        .split('$')
        .nth(2)
        .and_then(|cost| cost.parse::<u32>().ok());
    let is_known = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| stored.starts_with(prefix));
    if !is_known || cost.is_none_or(|cost| cost > MAX_STORED_BCRYPT_COST) {
        return Err(AuthError::UnusableHash(
            "not an accepted bcrypt hash".to_owned(),
        ));
    }
    bcrypt::verify(password.expose(), stored)
        .map_err(|failure| AuthError::UnusableHash(failure.to_string()))
}

/// Says whether somebody may choose `password`.
///
/// # Errors
/// The [`PasswordFault`] found first: length in bytes, length in characters, white space.
pub fn validate_password(password: &str) -> Result<(), PasswordFault> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordFault::TooLong);
    }
    if password.chars().count() < MIN_PASSWORD_CHARACTERS {
        return Err(PasswordFault::TooShort);
    }
    if password.chars().any(char::is_whitespace) {
        return Err(PasswordFault::Whitespace);
    }
    Ok(())
}
