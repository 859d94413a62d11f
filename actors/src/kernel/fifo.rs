//! An actor's writes, one after the other, beside its reads.
//!
//! `AtomicResponse` would stop the whole actor while a write waits for the database. Here a write
//! is a job in the actor's own queue: its plan runs when its turn comes, its work runs as a spawned
//! future, its outcome is applied to the state, then the next one starts. Meanwhile the mailbox is
//! served, so a read never waits for a write.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use actix::prelude::*;
use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::mailbox::DispatchError;

type Job<A> = Box<dyn FnOnce(&mut A, &mut Context<A>)>;

/// The writes of one actor that wait, and whether one runs.
pub struct Fifo<A: Actor<Context = Context<A>>> {
    waiting: VecDeque<Job<A>>,
    is_running: bool,
    capacity: usize,
}

impl<A: Actor<Context = Context<A>>> Fifo<A> {
    /// A queue for at most `capacity` waiting writes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            is_running: false,
            capacity,
        }
    }

    /// Counts the writes that wait or run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting
            .len()
            .saturating_add(usize::from(self.is_running))
    }

    /// Says whether no write waits or runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An actor with a [`Fifo`].
pub trait HasFifo: Actor<Context = Context<Self>> + Sized {
    /// Its queue.
    fn fifo(&mut self) -> &mut Fifo<Self>;
}

/// Queues a write on `actor` and answers its outcome.
///
/// `plan` looks at the state when the turn has come and makes the work (which must not borrow the
/// actor); `apply` brings the outcome into the state. The write runs to its end even if the asker
/// has gone away.
pub fn enqueue<A, F, T, R, E>(
    actor: &mut A,
    ctx: &mut Context<A>,
    plan: impl FnOnce(&mut A) -> F + 'static,
    apply: impl FnOnce(&mut A, Result<T, E>) -> Result<R, E> + 'static,
) -> ResponseFuture<Result<R, E>>
where
    A: HasFifo,
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    R: 'static,
    E: From<DispatchError> + 'static,
{
    let fifo = actor.fifo();
    if fifo.waiting.len() >= fifo.capacity {
        return Box::pin(std::future::ready(Err(DispatchError::Full.into())));
    }
    let (sender, answer) = oneshot::channel();
    let job: Job<A> = Box::new(move |actor, ctx| {
        let work = AssertUnwindSafe(plan(actor)).catch_unwind();
        let work: Pin<Box<dyn Future<Output = _>>> = Box::pin(work);
        ctx.spawn(fut::wrap_future(work).map(
            move |outcome, actor: &mut A, ctx: &mut Context<A>| {
                let Ok(outcome) = outcome else {
                    let _unheard = sender.send(Err(DispatchError::Panicked.into())).is_err();
                    ctx.stop();
                    return;
                };
                let _unheard = sender.send(apply(actor, outcome)).is_err();
                actor.fifo().is_running = false;
                run_next(actor, ctx);
            },
        ));
    });
    fifo.waiting.push_back(job);
    run_next(actor, ctx);
    Box::pin(async move {
        answer
            .await
            .unwrap_or_else(|_| Err(DispatchError::Gone.into()))
    })
}

fn run_next<A: HasFifo>(actor: &mut A, ctx: &mut Context<A>) {
    let fifo = actor.fifo();
    if fifo.is_running {
        return;
    }
    if let Some(job) = fifo.waiting.pop_front() {
        fifo.is_running = true;
        job(actor, ctx);
    }
}
