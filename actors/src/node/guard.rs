//! What must hold before anything is deleted: that this is the store's database, and that its clock
//! can be believed.
//!
//! Looked at before the node is announced, at every heartbeat, and whenever the database comes back
//! after it was away, before memory is trusted again. While there is a doubt nothing is swept and no
//! upload expires; reads and pushes go on. A doubt ends when its cause does, or when an
//! administrator accepts what there is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use slipway_model::identity::{self as row, Identity};
use slipway_model::node::{self, Beat, DurableMark};
use slipway_model::{Database, ModelError};
use slipway_storage::Store;

use super::clock::ClockWatch;
use super::identity::{self, Marker};
use crate::deps::Deps;
use crate::repository::RepositoryError;

/// How often the identity is compared, and the counter raised when blobs were committed.
const CHECK: Duration = Duration::from_secs(10);

/// Why nothing is deleted at present.
#[derive(Debug, Default)]
pub struct Holds {
    list: Mutex<Vec<Hold>>,
    /// The database's counter as last seen, which it never falls below.
    counter: AtomicI64,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What is doubted: `database` or `clock`.
    pub what: &'static str,
    /// Why.
    pub reason: String,
}

impl Holds {
    fn new(list: Vec<Hold>, counter: i64) -> Self {
        Self {
            list: Mutex::new(list),
            counter: AtomicI64::new(counter),
        }
    }

    /// Makes sure, after the database said what it names, that this was no older database: one may
    /// have taken its place since the last heartbeat.
    pub(super) async fn check(&self, db: &Database) -> Result<(), RepositoryError> {
        let found = row::read_identity(db).await?;
        if self.is_held() || found.counter < self.counter.load(Ordering::Relaxed) {
            let text = "the database is doubted, nothing is deleted";
            return Err(RepositoryError::Unavailable(text.to_owned()));
        }
        Ok(())
    }

    /// All reasons there are.
    #[must_use]
    pub fn list(&self) -> Vec<Hold> {
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.list().is_empty()
    }

    fn replace(&self, holds: Vec<Hold>) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = holds;
    }
}

/// What the node knows of its database.
#[derive(Debug)]
pub(crate) struct Guard {
    clock: ClockWatch,
    started: Instant,
    /// The marker in the store, as last seen or written.
    marker: Option<Marker>,
    doubt: Option<String>,
    accepted: i64,
    checked_at: Instant,
    newest: DurableMark,
    told: Vec<Hold>,
}

impl Guard {
    /// Looks at a database before anything is done with it.
    pub(crate) async fn begin(db: &Database, store: &Store) -> Result<Self, ModelError> {
        let (now_ms, last_ms) = node::last_heartbeat(db).await?;
        let found = row::read_identity(db).await?;
        if found.server.system_identifier.is_none() {
            tracing::warn!(
                "the database's role may not ask for the server's identity: a change of the server \
                 is told by the counter alone"
            );
        }
        let mut guard = Self {
            clock: ClockWatch::new(now_ms, last_ms),
            started: Instant::now(),
            marker: None,
            doubt: None,
            accepted: found.accepted_done,
            checked_at: Instant::now(),
            newest: DurableMark(0),
            told: Vec::new(),
        };
        guard.check(db, store).await?;
        if found.accepted > found.accepted_done {
            guard.accept(db, store, found.accepted).await?;
        }
        Ok(guard)
    }

    /// The holds that are known already.
    pub(crate) fn holds(&self) -> Holds {
        Holds::new(self.list(), self.counter())
    }

    fn counter(&self) -> i64 {
        self.marker.as_ref().map_or(0, |marker| marker.counter)
    }

    fn list(&self) -> Vec<Hold> {
        let database = self.doubt.clone().map(|reason| ("database", reason));
        let clock = self
            .clock
            .doubt()
            .map(|reason| ("clock", reason.to_owned()));
        let doubts = database.into_iter().chain(clock);
        doubts.map(|(what, reason)| Hold { what, reason }).collect()
    }

    /// Takes note of a heartbeat's answer.
    pub(super) async fn look(&mut self, deps: &Deps, beat: &Beat) -> Result<(), ModelError> {
        let (db, store) = (&deps.db, &deps.store);
        self.clock.observe(beat.now_ms, self.started.elapsed());
        let is_suspicious = deps.standing.is_cut_off() || beat.counter < self.counter();
        if is_suspicious && self.doubt.is_none() {
            self.check(db, store).await?;
            if self.doubt.is_some() {
                deps.standing.forget();
            }
        }
        if beat.accepted > self.accepted {
            self.accept(db, store, beat.accepted).await?;
        }
        Ok(())
    }

    /// What may take its time: memory is trusted already.
    pub(super) async fn follow_up(&mut self, deps: &Deps) -> Result<(), ModelError> {
        if self.checked_at.elapsed() >= CHECK {
            self.keep_up(deps).await?;
        }
        self.tell(deps).await
    }

    /// Compares the database with the store; raises the counter when they belong together.
    async fn check(&mut self, db: &Database, store: &Store) -> Result<(), ModelError> {
        match identity::read(store).await {
            Ok(Some(marker)) => self.marker = Some(marker),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the store's marker of its database cannot be read");
            }
        }
        let found = row::read_identity(db).await?;
        self.compare(&found);
        if self.doubt.is_none() {
            self.raise(db, store, &found, End::Open).await?;
        }
        Ok(())
    }

    fn compare(&mut self, found: &Identity) {
        self.doubt = self.marker.as_ref().and_then(|marker| marker.doubt(found));
    }

    /// Raises the counter once blobs were committed, so that an older database shows.
    async fn keep_up(&mut self, deps: &Deps) -> Result<(), ModelError> {
        let (db, store) = (&deps.db, &deps.store);
        self.checked_at = Instant::now();
        let found = row::read_identity(db).await?;
        let was_doubted = self.doubt.is_some();
        self.compare(&found);
        if self.doubt.is_some() && !was_doubted {
            deps.standing.forget();
        }
        let newest = node::newest_generation(db).await?;
        if self.doubt.is_none() && newest > self.newest {
            self.raise(db, store, &found, End::Open).await?;
            self.newest = newest;
        }
        Ok(())
    }

    /// First the database's counter, then the store's: the store must never know more.
    async fn raise(
        &mut self,
        db: &Database,
        store: &Store,
        found: &Identity,
        end: End,
    ) -> Result<(), ModelError> {
        let marker = Marker {
            counter: row::raise_counter(db, self.counter()).await?,
            server: found.server.clone(),
            is_clean: end == End::Clean,
        };
        match identity::write(store, &marker).await {
            Ok(()) => self.marker = Some(marker),
            Err(error) => tracing::warn!(%error, "the store's marker of its database is old"),
        }
        Ok(())
    }

    /// Takes this database and its clock for the right ones.
    async fn accept(
        &mut self,
        db: &Database,
        store: &Store,
        accepted: i64,
    ) -> Result<(), ModelError> {
        let found = row::read_identity(db).await?;
        self.raise(db, store, &found, End::Open).await?;
        row::accept_done(db, accepted).await?;
        self.accepted = accepted;
        self.doubt = None;
        self.clock.accept();
        tracing::warn!("the database and its clock were accepted by an administrator");
        Ok(())
    }

    /// Leaves word that all commits are behind this counter, when nobody else could add one.
    pub(super) async fn finish(&mut self, deps: &Deps) -> Result<(), ModelError> {
        if self.doubt.is_some() || deps.standing.alone_since().is_none() {
            return Ok(());
        }
        let found = row::read_identity(&deps.db).await?;
        self.compare(&found);
        if self.doubt.is_some() {
            return Ok(());
        }
        self.raise(&deps.db, &deps.store, &found, End::Clean).await
    }

    /// Says what holds to whoever looks, once per change.
    async fn tell(&mut self, deps: &Deps) -> Result<(), ModelError> {
        let holds = self.list();
        deps.holds.counter.store(self.counter(), Ordering::Relaxed);
        if holds == self.told {
            return Ok(());
        }
        deps.holds.replace(holds.clone());
        for Hold { what, reason } in &holds {
            tracing::error!(
                what,
                reason,
                "nothing is deleted until this is over or `slipway fsck --accept` is run"
            );
        }
        if holds.is_empty() {
            tracing::info!("deletions go on");
        }
        let text: Vec<String> = holds
            .iter()
            .map(|hold| format!("{}: {}", hold.what, hold.reason))
            .collect();
        let text = text.join("; ");
        let text = (!text.is_empty()).then_some(text.as_str());
        node::set_held(&deps.db, deps.node, text).await?;
        self.told = holds;
        Ok(())
    }
}

/// Whether the node goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Clean,
}
