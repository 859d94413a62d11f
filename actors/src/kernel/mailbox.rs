//! Sending to actors: with a bound, with a deadline, never silently.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::prelude::*;

/// Why a message got no answer from its actor.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DispatchError {
    /// The mailbox is closed: the actor stopped or panicked.
    #[error("the actor is gone")]
    Gone,
    /// No answer before the deadline; the message may still run.
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    /// As many messages wait as may; this one was not sent.
    #[error("the mailbox is full")]
    Full,
    /// The handler panicked and its actor was stopped.
    #[error("the handler panicked")]
    Panicked,
}

/// An error that may carry a [`DispatchError`].
pub trait MaybeDispatch {
    /// The mailbox failure inside, if that is what it is.
    fn dispatch(&self) -> Option<&DispatchError>;
}

/// An actor's address with a count of what waits there.
#[derive(Debug)]
pub struct Mailbox<A: Actor> {
    addr: Addr<A>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
}

impl<A: Actor> Clone for Mailbox<A> {
    fn clone(&self) -> Self {
        Self {
            addr: self.addr.clone(),
            waiting: Arc::clone(&self.waiting),
            capacity: self.capacity,
        }
    }
}

/// One message on its way; gives its place back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<A> Mailbox<A>
where
    A: Actor<Context = Context<A>>,
{
    /// Starts the actor that `make` builds on `arbiter`, with room for `capacity` messages.
    pub fn start(
        arbiter: &ArbiterHandle,
        capacity: usize,
        make: impl FnOnce(&mut Context<A>) -> A + Send + 'static,
    ) -> Self {
        let addr = A::start_in_arbiter(arbiter, move |ctx| {
            // Places are counted here, so that the mailbox itself never makes a sender wait.
            ctx.set_mailbox_capacity(capacity.saturating_add(1));
            make(ctx)
        });
        Self {
            addr,
            waiting: Arc::default(),
            capacity,
        }
    }

    /// Sends `msg` and waits for its answer, `deadline` at most.
    ///
    /// # Errors
    /// A [`DispatchError`] in the answer's own type.
    #[expect(clippy::disallowed_methods, reason = "the one sanctioned place")]
    pub async fn ask<M, T, E>(&self, msg: M, deadline: Duration) -> Result<T, E>
    where
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
        M: Message<Result = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DispatchError> + Send + 'static,
    {
        let _place = self.reserve()?;
        match tokio::time::timeout(deadline, self.addr.send(msg)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(DispatchError::Gone.into()),
            Err(_) => Err(DispatchError::Deadline(deadline).into()),
        }
    }

    /// Leaves `msg` without waiting for anything.
    ///
    /// # Errors
    /// [`DispatchError::Full`] or [`DispatchError::Gone`]; the message was not taken.
    pub fn tell<M>(&self, msg: M) -> Result<(), DispatchError>
    where
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        self.addr.try_send(msg).map_err(|error| match error {
            SendError::Full(_) => DispatchError::Full,
            SendError::Closed(_) => DispatchError::Gone,
        })
    }

    fn reserve(&self) -> Result<Place, DispatchError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return Ok(Place(Arc::clone(&self.waiting)));
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Err(DispatchError::Full)
    }

    /// Messages asked and not answered yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn is_open(&self) -> bool {
        self.addr.connected()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.addr == other.addr
    }
}
