//! What actors are given: the database, the store, settings, and the node's own standing.
//!
//! Nothing here is state of a repository, an upload or an account; those belong to their actors.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use slipway_model::account::ChangedEpoch;
use slipway_model::{AccountId, BatchId, Database, NamespaceId, NodeId};
use slipway_storage::Store;
use tokio::sync::watch;

/// A place in the code at which a test can end the process.
pub type CrashHook = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Names of the crash points outside storage, in the order a push meets them.
pub const CRASH_POINTS: &[&str] = &[
    "upload.commit.before",
    "upload.commit.after",
    "upload.save.before",
    "upload.save.after",
    "batch.close.before",
    "batch.close.after",
    "batch.sweep.before",
    "batch.sweep.after",
    "manifest.put.before",
    "manifest.put.after",
];

/// More of them, met only with `storage.sync = "os"`.
pub const OS_CRASH_POINTS: &[&str] = &["mark.sync.before", "mark.sync.after"];

/// Settings of the actors, taken from the configuration at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest wait for a message's answer; uploads wait for their bytes instead.
    pub ask_deadline: Duration,
    /// Blobs up to this size live in the database.
    pub inline_bytes: u64,
    /// Largest blob.
    pub max_layer_bytes: u64,
    /// How long "it is here" holds without a manifest.
    pub lease: Duration,
    /// Life of the temporary tag of a push by digest.
    pub temporary: Duration,
    /// Bytes after which a body that still flows is saved.
    pub checkpoint_bytes: u64,
    /// Time after which it is saved.
    pub checkpoint_interval: Duration,
    /// Life of a saved upload without progress.
    pub upload_expiry: Duration,
    /// Time machine window of new namespaces.
    pub tag_expiration: Duration,
    /// Whether an index may name manifests that are not here.
    pub sparse_manifests: bool,
    /// Whether a delete by digest is refused while several tags name it.
    pub refuse_siblings: bool,
    /// Whether a repository made by a push is private.
    pub private_on_push: bool,
    /// Tags kept in memory per repository.
    pub tag_cache_entries: usize,
    /// Bytes of tags, manifests and small blobs kept in memory, over all repositories.
    pub manifest_cache_bytes: usize,
    /// Blob rows kept in memory per repository.
    pub blob_cache_entries: usize,
    /// Waiting writes of one repository.
    pub write_queue: usize,
    /// Bytes of one answer of the referrers list.
    pub referrers_page_bytes: usize,
    /// Uploads open at once.
    pub max_uploads: usize,
    /// Uploads open at once of one account, and of one client network; 0 sets no limit.
    pub max_uploads_per_owner: usize,
    /// Repositories of one namespace; 0 sets no limit.
    pub max_repositories: i64,
    /// Whether a push may make a namespace.
    pub namespaces_by_push: bool,
    /// Rows waiting for the usage log.
    pub ledger_queue: usize,
    /// How often they are written.
    pub ledger_interval: Duration,
    /// How long memory answers while the database cannot be reached.
    pub outage_grace: Duration,
    /// Bounds of the life that a tag is given, from its start.
    pub tag_life: TagLife,
    /// Whether immutable tags may have an end.
    pub immutable_can_expire: bool,
    /// Beginnings of label keys that are reserved beside those that always are.
    pub reserved_label_prefixes: Vec<String>,
}

/// Bounds of the life that a tag is given by an expiry or a label.
#[derive(Debug, Clone, Copy)]
pub struct TagLife {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl TagLife {
    /// The nearest life within the bounds, milliseconds.
    #[must_use]
    pub fn clamp(&self, life_ms: i64) -> i64 {
        let ms = |bound: Duration| i64::try_from(bound.as_millis()).unwrap_or(i64::MAX);
        life_ms.max(ms(self.min)).min(ms(self.max))
    }
}

/// What every actor is given.
pub struct Deps {
    /// The database.
    pub db: Database,
    /// The store of bytes.
    pub store: Store,
    /// The settings.
    pub settings: Settings,
    /// This process.
    pub node: NodeId,
    /// Memory that all repositories' caches share.
    pub cache_budget: Arc<crate::repository::Budget>,
    /// How this node stands among the others.
    pub standing: Standing,
    /// The open batch of segments.
    pub batches: watch::Receiver<Arc<OpenBatch>>,
    /// Which principals changed of late.
    pub epochs: watch::Receiver<Arc<Epochs>>,
    /// Checks of blobs that may be damaged.
    pub verifications: crate::node::Verifications,
    /// Why nothing is deleted at present.
    pub holds: crate::node::Holds,
    /// For tests.
    pub crash_hook: Option<CrashHook>,
}

impl Deps {
    /// Ends the process here when a test asked for it.
    pub fn crash_point(&self, name: &'static str) {
        if let Some(hook) = &self.crash_hook {
            hook(name);
        }
    }

    /// Leases as the database counts them.
    #[must_use]
    pub fn lease_s(&self) -> f64 {
        self.settings.lease.as_secs_f64()
    }
}

/// A batch that new segments go to; closed when the last upload that holds it is done.
#[derive(Debug)]
pub struct OpenBatch {
    /// The batch.
    pub id: BatchId,
}

/// Principals whose permissions changed within the life of a token, and namespaces that began in it.
#[derive(Debug, Default)]
pub struct Epochs {
    changed: HashMap<NamespaceId, (i64, bool)>,
    new: HashMap<String, Option<AccountId>>,
}

impl Epochs {
    pub(crate) fn new(rows: Vec<ChangedEpoch>) -> Self {
        let mut epochs = Self::default();
        for row in rows {
            if let Some(name) = row.new_name {
                epochs.new.insert(name, row.created_by);
            }
            if row.epoch > 1 || !row.enabled {
                epochs.changed.insert(row.id, (row.epoch, row.enabled));
            }
        }
        epochs
    }

    /// Says whether a credential that was given when there was no such namespace still holds: the
    /// name is still free, or the credential's own account took it.
    #[must_use]
    pub fn holds_for_new(&self, namespace: &str, account: Option<AccountId>) -> bool {
        let maker = self.new.get(namespace);
        maker.is_none_or(|maker| maker.is_some() && *maker == account)
    }

    /// Says whether a credential of `epoch` still holds for `id`.
    #[must_use]
    pub fn holds(&self, id: NamespaceId, epoch: i64) -> bool {
        self.changed
            .get(&id)
            .is_none_or(|(present, enabled)| *enabled && *present <= epoch)
    }
}

/// How this node stands: whether it is alone, and when the database last confirmed it.
#[derive(Debug)]
pub struct Standing {
    started: Instant,
    confirmed_ms: AtomicI64,
    is_alone: AtomicBool,
    is_cut_off: AtomicBool,
    outage_grace: Duration,
    /// Grows with each span in which another node may have written.
    shared_spans: AtomicU64,
}

/// A heartbeat older than this proves nothing.
const FRESH: Duration = Duration::from_secs(5);

impl Standing {
    /// A node that nobody has confirmed yet; memory answers for `outage_grace` when the database
    /// goes away.
    #[must_use]
    pub fn new(outage_grace: Duration) -> Self {
        Self {
            started: Instant::now(),
            confirmed_ms: AtomicI64::new(i64::MIN),
            is_alone: AtomicBool::new(false),
            is_cut_off: AtomicBool::new(false),
            outage_grace,
            shared_spans: AtomicU64::new(0),
        }
    }
}

impl Standing {
    pub(crate) fn confirm(&self, asked_at: Instant, is_alone: bool) {
        let was_fresh = self.confirmed_ago().is_some_and(|ago| ago < FRESH);
        if !is_alone || !was_fresh {
            self.shared_spans.fetch_add(1, Ordering::Relaxed);
        }
        self.is_cut_off.store(false, Ordering::Relaxed);
        self.is_alone.store(is_alone, Ordering::Release);
        let at_ms = asked_at.saturating_duration_since(self.started).as_millis();
        self.confirmed_ms
            .store(i64::try_from(at_ms).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Notes that the database could not be reached: nobody else can be told anything either.
    pub(crate) fn cut_off(&self) {
        self.is_cut_off.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::Relaxed)
    }

    /// Makes every cache forget what it holds: the database may be another one.
    pub(crate) fn forget(&self) {
        self.shared_spans.fetch_add(1, Ordering::Relaxed);
    }

    fn trusted_for(&self) -> Duration {
        if self.is_cut_off.load(Ordering::Relaxed) {
            self.outage_grace.max(FRESH)
        } else {
            FRESH
        }
    }

    /// Says how long ago the database last confirmed this node; `None` before the first time.
    #[must_use]
    pub fn confirmed_ago(&self) -> Option<Duration> {
        let at_ms = u64::try_from(self.confirmed_ms.load(Ordering::Relaxed)).ok()?;
        Some(
            self.started
                .elapsed()
                .saturating_sub(Duration::from_millis(at_ms)),
        )
    }

    /// Answers whether mutable facts may be answered from memory, and if so since when: facts that
    /// were learnt under another number may have been changed by another node.
    #[must_use]
    pub fn alone_since(&self) -> Option<u64> {
        let is_alone = self.is_alone.load(Ordering::Acquire)
            && self
                .confirmed_ago()
                .is_some_and(|ago| ago < self.trusted_for());
        is_alone.then(|| self.shared_spans.load(Ordering::Relaxed))
    }
}
