//! The ledger: rows of the usage log that need not wait for their own statement.
//!
//! Owns what waits to be written. Rows are written in batches every `audit.flush_interval`; when
//! the queue is full the row is dropped and counted, or refused under `audit.strict`. Rows of
//! writes do not come here: they are part of the write's own transaction.
//!
//! Mailbox: `limits.ledger_queue`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix::prelude::*;
use serde_json::json;
use slipway_model::AccountId;
use slipway_model::audit::{self, Entry, Origin};
use slipway_oci::{Digest, RepositoryName, TagName};

use crate::deps::Deps;

const ROWS_AT_ONCE: usize = 1000;

/// The actor; one a process.
pub struct LedgerActor {
    deps: Arc<Deps>,
    waiting: Vec<Entry>,
    pulls: HashMap<Pull, u64>,
    is_writing: bool,
    dropped: u64,
}

impl LedgerActor {
    pub(crate) fn new(deps: Arc<Deps>) -> Self {
        Self {
            deps,
            waiting: Vec::new(),
            pulls: HashMap::new(),
            is_writing: false,
            dropped: 0,
        }
    }

    /// Makes rows of the pulls that were counted.
    fn close_interval(&mut self) {
        let at_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
        let pulls = std::mem::take(&mut self.pulls);
        let rows = pulls
            .into_iter()
            .map(|(pull, count)| pull.into_row(count, at_ms));
        self.keep(rows.collect());
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        self.close_interval();
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

    fn drop_rows(&mut self, lost: usize) {
        if lost > 0 && self.dropped == 0 {
            tracing::error!("usage log rows are dropped, the queue is full");
        }
        let lost = u64::try_from(lost).unwrap_or(u64::MAX);
        self.dropped = self.dropped.saturating_add(lost);
    }

    fn keep(&mut self, rows: Vec<Entry>) {
        let room = self
            .deps
            .settings
            .ledger_queue
            .saturating_sub(self.waiting.len());
        let lost = rows.len().saturating_sub(room);
        self.drop_rows(lost);
        self.waiting.extend(rows.into_iter().take(room));
    }
}

impl Actor for LedgerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(self.deps.settings.ledger_interval, Self::write);
    }
}

/// A pull of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pull {
    /// From where.
    pub repository: RepositoryName,
    /// Which manifest.
    pub digest: Digest,
    /// By which tag.
    pub tag: Option<TagName>,
    /// Who; `None` for nobody logged in.
    pub performer: Option<AccountId>,
    /// From which address.
    pub address: Option<IpAddr>,
}

impl Pull {
    /// The row for `count` equal pulls.
    fn into_row(self, count: u64, at_ms: i64) -> Entry {
        let metadata = json!({
            "namespace": self.repository.namespace(),
            "repo": self.repository.repository(),
            "tag": self.tag.as_ref().map(TagName::as_str),
            "manifest_digest": self.digest.to_string(),
            "count": count,
        });
        let origin = Origin {
            performer: self.performer,
            ip: self.address.map(|address| address.to_string()),
            request_id: None,
            credential: None,
        };
        Entry {
            kind: "pull_repo",
            repository: None,
            origin,
            metadata,
            at_ms,
        }
    }
}

/// Counts a pull; equal ones of one interval become one row.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RecordPull(pub Pull);

impl Handler<RecordPull> for LedgerActor {
    type Result = ();

    fn handle(&mut self, msg: RecordPull, _: &mut Context<Self>) {
        if let Some(count) = self.pulls.get_mut(&msg.0) {
            *count = count.saturating_add(1);
        } else if self.pulls.len() < self.deps.settings.ledger_queue {
            self.pulls.insert(msg.0, 1);
        } else {
            self.drop_rows(1);
        }
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
        self.close_interval();
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
