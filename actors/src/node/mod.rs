//! This node among the others: heartbeat, batches of segments, and what dead nodes left behind.
//!
//! Owns the node's row, the open batch and the list of principals that changed of late. It beats
//! every second; caches are trusted only while that is fresh. Before anything is written a batch is
//! open; it is changed every hour, and closed and swept once no upload holds it any more. Sweeping
//! lists one prefix and deletes what nothing names. It also says up to where bytes are on disk
//! (`durable.rs`), doubts the database and its clock (`guard.rs`), and hashes what a power cut may have damaged (`verify.rs`).
//!
//! Mailbox: 64.

mod clock;
mod company;
mod durable;
pub mod fsck;
mod guard;
mod identity;
mod sweep;
mod verify;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use slipway_model::{ModelError, account, batch, node};
use tokio::sync::watch;

pub use self::company::Company;
pub(crate) use self::durable::Durability;
pub(crate) use self::guard::Guard;
pub use self::guard::{Hold, Holds};
pub use self::verify::Verifications;
pub(crate) use self::verify::settle;
use crate::boot::NodeSeed;
use crate::deps::{Deps, Epochs, OpenBatch};

/// A node without a heartbeat for this long is dead.
const DEAD_AFTER_S: f64 = 30.0;
const BEAT: Duration = Duration::from_secs(1);
const CHANGE_BATCH: Duration = Duration::from_secs(3600);
const SWEEP: Duration = Duration::from_secs(20);

/// How far back changes of principals are looked at: the longest life of a token, and then some.
const EPOCHS_WITHIN_S: f64 = 2.0 * 86_400.0;

/// The actor; one a process.
pub struct NodeActor {
    deps: Arc<Deps>,
    batches: watch::Sender<Arc<OpenBatch>>,
    epochs: watch::Sender<Arc<Epochs>>,
    /// Batches that uploads may still write to.
    retired: Vec<Arc<OpenBatch>>,
    /// Away while a heartbeat is under way.
    guard: Option<Box<Guard>>,
    is_sweeping: bool,
    durability: Durability,
    is_syncing: bool,
    is_verifying: bool,
    has_stopped: bool,
}

impl NodeActor {
    pub(crate) fn new(deps: Arc<Deps>, seed: NodeSeed) -> Self {
        Self {
            deps,
            batches: seed.batches,
            epochs: seed.epochs,
            durability: seed.durability,
            is_syncing: false,
            is_verifying: false,
            retired: Vec::new(),
            guard: Some(Box::new(seed.guard)),
            is_sweeping: false,
            has_stopped: false,
        }
    }

    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.has_stopped {
            return;
        }
        let Some(mut guard) = self.guard.take() else {
            return;
        };
        let deps = Arc::clone(&self.deps);
        let work = async move {
            let outcome = beat_once(&deps, &mut guard).await;
            if let Err(error) = &outcome {
                deps.standing.cut_off();
                tracing::warn!(%error, "no heartbeat");
            }
            (guard, outcome.ok())
        };
        ctx.spawn(
            fut::wrap_future(work).map(|(guard, epochs), actor: &mut Self, _| {
                actor.guard = Some(guard);
                if let Some(epochs) = epochs {
                    actor.epochs.send_replace(Arc::new(epochs));
                }
            }),
        );
    }

    fn change_batch(&mut self, ctx: &mut Context<Self>) {
        if self.has_stopped {
            return;
        }
        let deps = Arc::clone(&self.deps);
        let work = async move { batch::open_batch(&deps.db, deps.node).await };
        ctx.spawn(
            fut::wrap_future(work).map(|outcome, actor: &mut Self, _| match outcome {
                Ok(id) => {
                    let old = actor.batches.send_replace(Arc::new(OpenBatch { id }));
                    actor.retired.push(old);
                }
                Err(error) => tracing::warn!(%error, "the batch of segments stays in use"),
            }),
        );
    }

    fn advance_mark(&mut self, ctx: &mut Context<Self>) {
        if self.is_syncing || self.has_stopped || !self.durability.has_work() {
            return;
        }
        self.is_syncing = true;
        let (deps, state) = (Arc::clone(&self.deps), self.durability);
        let work = async move { durable::advance(&deps, state).await };
        ctx.spawn(fut::wrap_future(work).map(|state, actor: &mut Self, _| {
            actor.is_syncing = false;
            actor.durability = state;
        }));
    }

    fn verify(&mut self, ctx: &mut Context<Self>) {
        if self.is_verifying || self.has_stopped {
            return;
        }
        self.is_verifying = true;
        let deps = Arc::clone(&self.deps);
        let work = async move {
            if let Err(error) = verify::pass(&deps).await {
                tracing::warn!(%error, "suspect blobs wait");
            }
        };
        ctx.spawn(fut::wrap_future(work).map(|(), actor: &mut Self, _| actor.is_verifying = false));
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        if self.is_sweeping || self.has_stopped || self.deps.holds.is_held() {
            return;
        }
        self.is_sweeping = true;
        let deps = Arc::clone(&self.deps);
        let (done, used): (Vec<_>, Vec<_>) = self
            .retired
            .drain(..)
            .partition(|batch| Arc::strong_count(batch) == 1);
        self.retired = used;
        let work = async move {
            if let Err(error) = sweep::run(&deps, done).await {
                tracing::warn!(%error, "left-over segments wait");
            }
        };
        ctx.spawn(fut::wrap_future(work).map(|(), actor: &mut Self, _| actor.is_sweeping = false));
    }
}

async fn beat_once(deps: &Deps, guard: &mut Guard) -> Result<Epochs, ModelError> {
    let asked_at = Instant::now();
    let beat = node::beat(&deps.db, deps.node, DEAD_AFTER_S).await?;
    guard.look(deps, &beat).await?;
    let changed =
        account::list_changed_epochs(&deps.db, EPOCHS_WITHIN_S, deps.settings.namespaces_by_push)
            .await?;
    deps.standing.confirm(asked_at, beat.others == 0);
    if let Err(error) = guard.follow_up(deps).await {
        // The heartbeat itself is confirmed; the next one tries this again.
        tracing::warn!(%error, "the database's identity is not followed up");
    }
    Ok(Epochs::new(changed))
}

/// Leaves word that everything confirmed is in the database and on disk. No commit comes after the
/// batches are closed.
async fn leave_word(
    deps: &Deps,
    durability: Durability,
    guard: Option<Box<Guard>>,
) -> Result<(), ModelError> {
    batch::close_own(&deps.db, deps.node).await?;
    if let Some(mut guard) = guard {
        guard.finish(deps).await?;
    }
    durable::finish(deps, durability).await
}

impl Actor for NodeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.beat(ctx);
        self.sweep(ctx);
        self.advance_mark(ctx);
        self.verify(ctx);
        ctx.run_interval(durable::INTERVAL, Self::advance_mark);
        ctx.run_interval(SWEEP, Self::verify);
        ctx.run_interval(BEAT, Self::beat);
        ctx.run_interval(CHANGE_BATCH, Self::change_batch);
        ctx.run_interval(SWEEP, Self::sweep);
    }
}

/// Says goodbye to the other nodes.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), crate::kernel::DispatchError>")]
pub struct StopNode;

impl Handler<StopNode> for NodeActor {
    type Result = ResponseFuture<Result<(), crate::kernel::DispatchError>>;

    fn handle(&mut self, _: StopNode, _: &mut Context<Self>) -> Self::Result {
        self.has_stopped = true;
        let (deps, durability) = (Arc::clone(&self.deps), self.durability);
        let guard = self.guard.take();
        Box::pin(async move {
            if let Err(error) = leave_word(&deps, durability, guard).await {
                tracing::warn!(%error, "this stop will count as a crash");
            }
            if let Err(error) = node::stop_node(&deps.db, deps.node).await {
                tracing::warn!(%error, "the node's row stays until its heartbeat is old");
            }
            Ok(())
        })
    }
}
