//! The ledger: rows of the usage log that need not wait for their own statement.
//!
//! Owns what waits to be written. Rows are written in batches every `audit.flush_interval`; when
//! the queue is full the row is dropped and counted, or refused under `audit.strict`. Rows of
//! writes do not come here: they are part of the write's own transaction.
//!
//! Mailbox: `limits.ledger_queue`.

use std::sync::Arc;

use actix::prelude::*;
use slipway_model::audit::{self, Entry};

use crate::deps::Deps;

const ROWS_AT_ONCE: usize = 1000;

/// The actor; one a process.
pub struct LedgerActor {
    deps: Arc<Deps>,
    waiting: Vec<Entry>,
    is_writing: bool,
    dropped: u64,
}

impl LedgerActor {
    pub(crate) fn new(deps: Arc<Deps>) -> Self {
        Self {
            deps,
            waiting: Vec::new(),
            is_writing: false,
            dropped: 0,
        }
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.is_writing || self.waiting.is_empty() {
            return;
        }
        let count = self.waiting.len().min(ROWS_AT_ONCE);
        let rows: Vec<Entry> = self.waiting.drain(..count).collect();
        self.is_writing = true;
        let deps = Arc::clone(&self.deps);
        let work = async move {
            let outcome = audit::insert_entries(&deps.db, &rows).await;
            (rows, outcome)
        };
        ctx.spawn(fut::wrap_future(work).map(
            |(rows, outcome), actor: &mut Self, ctx: &mut Context<Self>| {
                actor.is_writing = false;
                match outcome {
                    Ok(()) => {
                        if actor.waiting.len() >= ROWS_AT_ONCE {
                            actor.write(ctx);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(rows = rows.len(), %error, "usage log rows wait");
                        actor.keep(rows);
                    }
                }
            },
        ));
    }

    fn keep(&mut self, rows: Vec<Entry>) {
        let room = self
            .deps
            .settings
            .ledger_queue
            .saturating_sub(self.waiting.len());
        let lost = rows.len().saturating_sub(room);
        if lost > 0 {
            if self.dropped == 0 {
                tracing::error!("usage log rows are dropped, the queue is full");
            }
            self.dropped = self
                .dropped
                .saturating_add(u64::try_from(lost).unwrap_or(u64::MAX));
        }
        self.waiting.extend(rows.into_iter().take(room));
    }
}

impl Actor for LedgerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(self.deps.settings.ledger_interval, Self::write);
    }
}

/// Keeps a row for the next batch.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Record(pub Entry);

impl Handler<Record> for LedgerActor {
    type Result = ();

    fn handle(&mut self, msg: Record, _: &mut Context<Self>) {
        self.keep(vec![msg.0]);
    }
}

/// What the ledger is doing.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LedgerState {
    /// Rows that wait.
    pub waiting: usize,
    /// Rows lost to a full queue.
    pub dropped: u64,
}

/// Asks for [`LedgerState`].
#[derive(Message)]
#[rtype(result = "Result<LedgerState, crate::kernel::DispatchError>")]
pub struct ObserveLedger;

impl Handler<ObserveLedger> for LedgerActor {
    type Result = Result<LedgerState, crate::kernel::DispatchError>;

    fn handle(&mut self, _: ObserveLedger, _: &mut Context<Self>) -> Self::Result {
        Ok(LedgerState {
            waiting: self.waiting.len(),
            dropped: self.dropped,
        })
    }
}

/// Writes everything that waits, before the process ends.
#[derive(Message)]
#[rtype(result = "Result<(), crate::kernel::DispatchError>")]
pub struct FlushLedger;

impl Handler<FlushLedger> for LedgerActor {
    type Result = ResponseFuture<Result<(), crate::kernel::DispatchError>>;

    fn handle(&mut self, _: FlushLedger, _: &mut Context<Self>) -> Self::Result {
        let rows = std::mem::take(&mut self.waiting);
        let deps = Arc::clone(&self.deps);
        Box::pin(async move {
            for part in rows.chunks(ROWS_AT_ONCE) {
                if let Err(error) = audit::insert_entries(&deps.db, part).await {
                    tracing::error!(rows = part.len(), %error, "usage log rows are lost");
                }
            }
            Ok(())
        })
    }
}
