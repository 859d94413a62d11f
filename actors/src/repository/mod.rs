//! One actor per repository: what is published there, and the queue of its writes.
//!
//! Owns a bounded copy of what the database says: the repository's row, where its tags point, its
//! manifests, and where its blobs are. Manifests and blobs are immutable facts; tags are answered
//! from memory only while this node is alone and lately confirmed (`Standing`), otherwise each is
//! checked by one query. A read is answered at once from this state; writes queue in the `Fifo` and
//! run beside the reads. A read that had to ask the database brings its answer back only if no
//! write was applied meanwhile (`version`).
//!
//! Mailbox: `limits.repository_mailbox`. Exclusive (in the queue): `EnsureRepository`,
//! `CreateRepository`, `ChangeRepository`, `PushManifest`, `DeleteManifest`, `DeleteTag`,
//! `DeleteBlob`, `ChangeTag`, `RestoreTag`, `PurgeTag`, `AddLabel`, `DeleteLabel`.

mod blob;
mod cache;
mod change;
mod config;
mod edit;
mod error;
mod history;
mod label;
mod manifest;
mod open;
mod push;
mod tag;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use slipway_model::repository::StoredRepository;
use slipway_model::{Database, NamespaceId, RepositoryId};
use slipway_oci::RepositoryName;

pub use self::blob::{
    BlobBytes, BlobInfo, DeleteBlob, FindBlob, MountBlob, MountFrom, OpenBlob, OpenedBlob,
    RememberBlob,
};
pub use self::cache::Budget;
use self::cache::Cache;
pub use self::change::{Change, ChangeRepository, CreateRepository, Mode};
pub use self::config::{InspectManifest, InspectedManifest};
pub use self::edit::Author;
pub use self::error::RepositoryError;
pub use self::history::{ChangeTag, Expiry, ListHistory, PurgeTag, RestoreTag};
pub use self::label::{AddLabel, DeleteLabel, GetLabel, ListLabels};
pub use self::manifest::{ListReferrers, Manifest, PullManifest, PulledManifest, Referrers};
pub use self::open::{EnsureRepository, GetRepository};
pub use self::push::{DeleteManifest, ManifestPushed, PushManifest};
pub use self::tag::{DeleteTag, ListTags};
use crate::deps::Deps;
use crate::kernel::{Directory, Fifo, HasFifo};
pub use slipway_model::label::Label;
pub use slipway_model::tag::{HistoryQuery, PastSpan};

/// The repositories of this node.
pub type Repositories = Directory<RepositoryName, RepositoryActor>;

/// The actor; one a repository.
pub struct RepositoryActor {
    name: RepositoryName,
    deps: Arc<Deps>,
    row: Option<OpenRow>,
    cache: Cache,
    /// The repository that the cache is of: its name may become another's.
    cached_id: Option<RepositoryId>,
    /// The span alone in which the cache was filled; see `Standing::alone_since`.
    alone_since: u64,
    fifo: Fifo<Self>,
    /// Grows with each write that is applied.
    version: u64,
    reads: u64,
    misses: u64,
}

/// How long the row is relied on while this node is alone. Less than changes of a namespace are
/// remembered for, by which a row is found to be outdated.
const ROW_LIFE: Duration = Duration::from_secs(60);
/// The same while other nodes may write.
const SHARED_ROW_LIFE: Duration = Duration::from_secs(5);

/// The repository's row.
#[derive(Debug, Clone)]
struct OpenRow {
    namespace_id: NamespaceId,
    /// The namespace's epoch when the row was read.
    namespace_epoch: i64,
    read_at: Instant,
    repository: StoredRepository,
}

impl RepositoryActor {
    pub(crate) fn new(name: RepositoryName, deps: Arc<Deps>) -> Self {
        let settings = &deps.settings;
        let cache = Cache::new(settings, &deps.cache_budget);
        let fifo = Fifo::new(settings.write_queue);
        Self {
            name,
            deps,
            row: None,
            cache,
            cached_id: None,
            alone_since: 0,
            fifo,
            version: 0,
            reads: 0,
            misses: 0,
        }
    }

    /// Counts a read; `true` when memory had its answer.
    fn count(&mut self, is_hit: bool) {
        self.reads = self.reads.saturating_add(1);
        if !is_hit {
            self.misses = self.misses.saturating_add(1);
        }
    }

    /// Says whether a read may be answered from memory, which is emptied first when another node
    /// may have written since it was filled.
    fn may_answer_from_memory(&mut self) -> bool {
        let Some(alone_since) = self.deps.standing.alone_since() else {
            return false;
        };
        if self.alone_since != alone_since {
            self.alone_since = alone_since;
            self.version = self.version.wrapping_add(1);
            self.row = None;
            self.cache.forget_all();
        }
        true
    }

    /// The repository's id from memory, unless its row is old or access to its namespace was
    /// changed since it was read.
    fn known_id(&self) -> Option<RepositoryId> {
        let row = self.row.as_ref()?;
        let standing = &self.deps.standing;
        let life = if standing.alone_since().is_some() {
            ROW_LIFE
        } else {
            SHARED_ROW_LIFE
        };
        let is_young = standing.is_cut_off() || row.read_at.elapsed() < life;
        let epochs = self.deps.epochs.borrow();
        let holds = epochs.holds(row.namespace_id, row.namespace_epoch);
        (is_young && holds).then_some(row.repository.id)
    }

    /// What a read that asks the database takes along.
    fn reader(&self) -> Reader {
        Reader {
            name: self.name.clone(),
            deps: Arc::clone(&self.deps),
            id: self.known_id(),
            version: self.version,
        }
    }

    /// Keeps the row a reader found.
    fn learn(&mut self, reader: &Reader, row: Option<OpenRow>) {
        if let Some(row) = row
            && reader.version == self.version
        {
            self.keep_row(row);
        }
    }

    /// Keeps the row; what is in memory of another repository that had this name goes.
    fn keep_row(&mut self, row: OpenRow) {
        let id = row.repository.id;
        if self.cached_id.is_some_and(|cached| cached != id) {
            self.version = self.version.wrapping_add(1);
            self.cache.forget_all();
        }
        self.cached_id = Some(id);
        self.row = Some(row);
    }

    /// Forgets the row because it was changed; reads that are on their way bring nothing back.
    fn forget_row(&mut self) {
        self.version = self.version.wrapping_add(1);
        self.row = None;
    }
}

/// A read on its way to the database.
#[derive(Clone)]
struct Reader {
    name: RepositoryName,
    deps: Arc<Deps>,
    id: Option<RepositoryId>,
    version: u64,
}

impl Reader {
    fn db(&self) -> &Database {
        &self.deps.db
    }

    /// The repository's id, and its row when that had to be read.
    async fn open(&self) -> Result<(RepositoryId, Option<OpenRow>), RepositoryError> {
        if let Some(id) = self.id {
            return Ok((id, None));
        }
        let row = open::read_row(&self.deps, &self.name).await?;
        Ok((row.repository.id, Some(row)))
    }
}

impl Actor for RepositoryActor {
    type Context = Context<Self>;
}

impl HasFifo for RepositoryActor {
    fn fifo(&mut self) -> &mut Fifo<Self> {
        &mut self.fifo
    }
}

/// What a repository actor holds.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RepositoryActorState {
    /// The repository.
    pub name: String,
    /// Reads so far.
    pub reads: u64,
    /// Reads that asked the database.
    pub misses: u64,
    /// Writes applied.
    pub version: u64,
    /// Writes that wait or run.
    pub writes: usize,
    /// Tags in memory.
    pub tags: usize,
    /// Manifests in memory.
    pub manifests: usize,
    /// Bytes of memory for tags, manifests and blobs.
    pub cached_bytes: usize,
    /// Blobs in memory.
    pub blobs: usize,
}

/// Asks for [`RepositoryActorState`].
#[derive(Message)]
#[rtype(result = "Result<RepositoryActorState, RepositoryError>")]
pub struct ObserveRepository;

impl Handler<ObserveRepository> for RepositoryActor {
    type Result = Result<RepositoryActorState, RepositoryError>;

    fn handle(&mut self, _: ObserveRepository, _: &mut Context<Self>) -> Self::Result {
        Ok(RepositoryActorState {
            name: self.name.to_string(),
            reads: self.reads,
            misses: self.misses,
            version: self.version,
            writes: self.fifo.len(),
            tags: self.cache.tags.len(),
            manifests: self.cache.manifests.len(),
            cached_bytes: self.cache.tags.bytes()
                + self.cache.manifests.bytes()
                + self.cache.blobs.bytes(),
            blobs: self.cache.blobs.len(),
        })
    }
}
