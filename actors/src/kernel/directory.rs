//! Finding the one live actor of a key.
//!
//! Retiring a key drops the directory's address; actix stops the actor when the last address is
//! gone and its work is done. Two incarnations may overlap for a moment (and always do between
//! nodes), so correctness rests on SQL guards, never on being the only actor.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::prelude::*;

use super::mailbox::{DispatchError, Mailbox, MaybeDispatch};

struct Entry<A: Actor> {
    mailbox: Mailbox<A>,
    used: AtomicU64,
}

/// The live actors of one kind, by key.
pub struct Directory<K, A: Actor> {
    live: Mutex<HashMap<K, Entry<A>>>,
    arbiters: Vec<ArbiterHandle>,
    hasher: RandomState,
    clock: AtomicU64,
    most: usize,
    mailbox_capacity: usize,
}

impl<K, A> Directory<K, A>
where
    K: Clone + Eq + Hash + Send + 'static,
    A: Actor<Context = Context<A>> + 'static,
{
    /// A directory that places actors on `arbiters` by key, keeps about `most` of them, and gives
    /// each a mailbox for `mailbox_capacity` messages.
    #[must_use]
    pub fn new(arbiters: Vec<ArbiterHandle>, most: usize, mailbox_capacity: usize) -> Self {
        Self {
            live: Mutex::default(),
            arbiters,
            hasher: RandomState::new(),
            clock: AtomicU64::new(0),
            most,
            mailbox_capacity,
        }
    }

    /// The live actor of `key`, started by `make` when there is none.
    ///
    /// # Errors
    /// [`DispatchError::Gone`] when there is no arbiter to start it on.
    pub fn get(
        &self,
        key: &K,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Result<Mailbox<A>, DispatchError> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut live = self.lock();
        if let Some(entry) = live.get(key).filter(|entry| entry.mailbox.is_open()) {
            entry.used.store(now, Ordering::Relaxed);
            return Ok(entry.mailbox.clone());
        }
        let arbiter = self.arbiter_for(key).ok_or(DispatchError::Gone)?;
        let mailbox = Mailbox::start(arbiter, self.mailbox_capacity, move |_| make());
        if live.len() >= self.most {
            retire_idlest(&mut live);
        }
        live.insert(
            key.clone(),
            Entry {
                mailbox: mailbox.clone(),
                used: AtomicU64::new(now),
            },
        );
        Ok(mailbox)
    }

    /// Asks the actor of `key`, started by `make` when there is none. An actor that died on the
    /// message is forgotten, so the next ask meets a fresh one; the message is not repeated, since
    /// it may have run.
    ///
    /// # Errors
    /// Those of [`Mailbox::ask`].
    pub async fn ask<M, T, E>(
        &self,
        key: &K,
        make: impl FnOnce() -> A + Send + 'static,
        msg: M,
        deadline: Duration,
    ) -> Result<T, E>
    where
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
        M: Message<Result = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DispatchError> + MaybeDispatch + Send + 'static,
    {
        let mailbox = self.get(key, make)?;
        let answer = mailbox.ask(msg, deadline).await;
        if let Err(error) = &answer
            && matches!(
                error.dispatch(),
                Some(DispatchError::Gone | DispatchError::Panicked)
            )
        {
            self.evict(key, &mailbox);
        }
        answer
    }

    /// Forgets `key`; its actor ends by itself once nobody holds its address.
    pub fn retire(&self, key: &K) {
        self.lock().remove(key);
    }

    /// Forgets every key that `is_meant` says yes to.
    pub fn retire_all(&self, is_meant: impl Fn(&K) -> bool) {
        self.lock().retain(|key, _| !is_meant(key));
    }

    /// Says whether the actor of `key` lives.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.lock().contains_key(key)
    }

    /// Counts the live actors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Says whether none lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The live actors, for shutting down and for looking at.
    #[must_use]
    pub fn list(&self) -> Vec<(K, Mailbox<A>)> {
        self.lock()
            .iter()
            .map(|(key, entry)| (key.clone(), entry.mailbox.clone()))
            .collect()
    }

    fn evict(&self, key: &K, dead: &Mailbox<A>) {
        let mut live = self.lock();
        if live
            .get(key)
            .is_some_and(|entry| entry.mailbox.is_same(dead))
        {
            live.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry<A>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arbiter_for(&self, key: &K) -> Option<&ArbiterHandle> {
        let count = u64::try_from(self.arbiters.len()).ok()?;
        let index = self.hasher.hash_one(key).checked_rem(count)?;
        self.arbiters.get(usize::try_from(index).ok()?)
    }
}

/// Forgets the sixteenth of the actors that was used longest ago and has nothing to do.
fn retire_idlest<K: Clone + Eq + Hash, A: Actor<Context = Context<A>>>(
    live: &mut HashMap<K, Entry<A>>,
) {
    let mut idle: Vec<(u64, K)> = live
        .iter()
        .filter(|(_, entry)| entry.mailbox.waiting() == 0)
        .map(|(key, entry)| (entry.used.load(Ordering::Relaxed), key.clone()))
        .collect();
    idle.sort_by_key(|(used, _)| *used);
    let count = idle.len().div_ceil(16);
    for (_, key) in idle.into_iter().take(count) {
        live.remove(&key);
    }
}
