//! Starting the actors, and the handle the edge asks through.
//!
//! Order: the database is migrated, the node announced and its first batch opened; then the
//! singletons start, each on an arbiter; repositories and uploads start on demand. [`Actors`] is a
//! cheap handle. Its methods are one message each, but for an upload's beginning, which makes sure
//! of the repository first.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use slipway_auth::jwt::TokenVerifier;
use slipway_auth::page_token::PageSealer;
use slipway_model::{Database, NodeId, UploadId};
use slipway_oci::{Algorithm, RepositoryName};
use slipway_storage::Store;
use tokio::sync::watch;

use crate::account::{
    AccountActor, AccountError, AccountSettings, FlushUses, ObserveAccounts, Perform, RefreshKeys,
    Work, open_key_file,
};
use crate::blob_index::{BlobIndexActor, BlobIndexState, ObserveBlobIndex};
use crate::catalog::CatalogActor;
use crate::deps::{CrashHook, Deps, Epochs, OpenBatch, Settings, Standing};
use crate::kernel::{DispatchError, Mailbox, MaybeDispatch};
use crate::ledger::{FlushLedger, LedgerActor, LedgerState, ObserveLedger, Pull, RecordPull};
use crate::mail;
pub use crate::node::Company;
pub use crate::node::Hold;
use crate::node::{Durability, Guard, NodeActor, StopNode, Verifications};
use crate::repository::{
    Budget, EnsureRepository, ObserveRepository, Repositories, RepositoryActor,
    RepositoryActorState, RepositoryError,
};
use crate::upload::{
    ObserveUpload, OpenUploads, SaveUpload, UploadActor, UploadError, UploadOwner, UploadSeed,
    UploadState, Uploads,
};

/// Sizes of mailboxes.
#[derive(Debug, Clone, Copy)]
pub struct Mailboxes {
    /// Of one repository.
    pub repository: usize,
    /// Of one upload.
    pub upload: usize,
    /// Of the blob index.
    pub blob_index: usize,
    /// Repositories held in memory.
    pub repositories: usize,
}

/// What starting needs.
pub struct BootConfig {
    /// The database, reachable.
    pub db: Database,
    /// The store, open.
    pub store: Store,
    /// Settings of repositories and uploads.
    pub settings: Settings,
    /// Settings of accounts and tokens.
    pub accounts: AccountSettings,
    /// Sizes of mailboxes.
    pub mailboxes: Mailboxes,
    /// Threads for actors.
    pub arbiters: usize,
    /// How this node and others of the database get along.
    pub company: Company,
    /// For tests.
    pub crash_hook: Option<CrashHook>,
}

/// The running actors; a cheap handle.
#[derive(Clone)]
pub struct Actors {
    inner: Arc<Inner>,
}

struct Inner {
    deps: Arc<Deps>,
    repositories: Repositories,
    mailbox_capacity: usize,
    uploads: Arc<Uploads>,
    open_uploads: Arc<OpenUploads>,
    blob_index: Mailbox<BlobIndexActor>,
    ledger: Mailbox<LedgerActor>,
    accounts: Mailbox<AccountActor>,
    catalog: Mailbox<CatalogActor>,
    node: Mailbox<NodeActor>,
    verifier: watch::Receiver<Arc<TokenVerifier>>,
    pages: PageSealer,
}

impl Inner {
    fn count_waiting(&self) -> Waiting {
        let (repositories, uploads) = (self.repositories.list(), self.uploads.list());
        Waiting {
            repositories: repositories
                .iter()
                .map(|(_, mailbox)| mailbox.waiting())
                .sum(),
            uploads: uploads.iter().map(|(_, mailbox)| mailbox.waiting()).sum(),
            accounts: self.accounts.waiting(),
            catalog: self.catalog.waiting(),
            node: self.node.waiting(),
        }
    }
}

const SINGLETON_MAILBOX: usize = 1024;

/// Starts `count` threads for actors, one at least.
fn start_arbiters(count: usize) -> Vec<ArbiterHandle> {
    (0..count.max(1)).map(|_| Arbiter::new().handle()).collect()
}

/// The thread of this number, counting round.
fn pick(arbiters: &[ArbiterHandle], index: usize) -> Result<&ArbiterHandle, AccountError> {
    let index = index.checked_rem(arbiters.len()).unwrap_or_default();
    let found = arbiters.get(index);
    found.ok_or(AccountError::Dispatch(DispatchError::Gone))
}

/// Opens the key file and makes what seals with it.
async fn open_accounts(
    deps: Arc<Deps>,
    settings: AccountSettings,
) -> Result<
    (
        AccountActor,
        watch::Receiver<Arc<TokenVerifier>>,
        PageSealer,
    ),
    AccountError,
> {
    let keys = open_key_file(&deps.db, &settings.key_file).await?;
    let pages = PageSealer::derive(&keys)?;
    let (actor, verifier) = AccountActor::new(deps, settings, keys)?;
    Ok((actor, verifier, pages))
}

/// Starts the worker that sends mail, if any is sent.
fn start_mail(arbiter: &ArbiterHandle, accounts: &AccountActor) -> Result<(), AccountError> {
    let office = accounts.office();
    if let Some(outbox) = office.outbox.clone() {
        let worker = mail::Worker::new(office, outbox)?;
        if !arbiter.spawn(worker.run()) {
            return Err(AccountError::Dispatch(DispatchError::Gone));
        }
    }
    Ok(())
}

/// What the actors' dependencies are made of.
struct DepsSeed {
    db: Database,
    store: Store,
    settings: Settings,
    company: Company,
    crash_hook: Option<CrashHook>,
}

/// What the node actor owns from the start on.
pub(crate) struct NodeSeed {
    pub(crate) batches: watch::Sender<Arc<OpenBatch>>,
    pub(crate) epochs: watch::Sender<Arc<Epochs>>,
    pub(crate) durability: Durability,
    pub(crate) guard: Guard,
}

impl DepsSeed {
    /// Migrates the database, announces the node and opens its first batch.
    async fn prepare(self) -> Result<(Arc<Deps>, NodeSeed), AccountError> {
        self.db.migrate().await?;
        let id = NodeId::new_v4();
        let guard = Guard::begin(&self.db, &self.store).await?;
        let (first, durability) = self.company.join(&self.db, id).await?;
        let (batch_sender, batches) = watch::channel(Arc::new(first));
        let (epoch_sender, epochs) = watch::channel(Arc::new(Epochs::default()));
        let deps = Arc::new(Deps {
            db: self.db,
            store: self.store,
            cache_budget: Arc::new(Budget::new(self.settings.manifest_cache_bytes)),
            standing: Standing::new(self.settings.outage_grace),
            settings: self.settings,
            node: id,
            batches,
            epochs,
            verifications: Verifications::default(),
            holds: guard.holds(),
            crash_hook: self.crash_hook,
        });
        let seed = NodeSeed {
            batches: batch_sender,
            epochs: epoch_sender,
            durability,
            guard,
        };
        Ok((deps, seed))
    }
}

impl Actors {
    /// Migrates the database and starts everything.
    ///
    /// # Errors
    /// What the database says, as [`AccountError`].
    pub async fn start(config: BootConfig) -> Result<Self, AccountError> {
        let seed = DepsSeed {
            db: config.db,
            store: config.store,
            settings: config.settings,
            company: config.company,
            crash_hook: config.crash_hook,
        };
        let (deps, node_seed) = seed.prepare().await?;
        let arbiters = start_arbiters(config.arbiters);
        let place = |index: usize| pick(&arbiters, index);
        let given = || Arc::clone(&deps);
        let mailboxes = config.mailboxes;

        let index_deps = given();
        let blob_index = Mailbox::start(place(1)?, mailboxes.blob_index, move |_| {
            BlobIndexActor::new(index_deps)
        });
        let ledger_deps = given();
        let ledger_capacity = deps.settings.ledger_queue;
        let ledger = Mailbox::start(place(1)?, ledger_capacity, move |_| {
            LedgerActor::new(ledger_deps)
        });
        let catalog_deps = given();
        let catalog = Mailbox::start(place(0)?, SINGLETON_MAILBOX, move |_| {
            CatalogActor::new(catalog_deps)
        });
        let opened = open_accounts(given(), config.accounts).await?;
        let (account_actor, verifier, pages) = opened;
        start_mail(place(1)?, &account_actor)?;
        let accounts = Mailbox::start(place(0)?, SINGLETON_MAILBOX, move |_| account_actor);
        let node_deps = given();
        let node = Mailbox::start(place(0)?, 64, move |_| NodeActor::new(node_deps, node_seed));
        let actors = Self {
            inner: Arc::new(Inner {
                repositories: Repositories::new(
                    arbiters.clone(),
                    mailboxes.repositories,
                    mailboxes.repository,
                ),
                mailbox_capacity: mailboxes.repository,
                // An upload that is not saved yet must not be retired to make room.
                uploads: Arc::new(Uploads::new(arbiters.clone(), usize::MAX, mailboxes.upload)),
                open_uploads: Arc::new(OpenUploads::new(deps.settings.max_uploads_per_owner)),
                blob_index,
                ledger,
                accounts,
                catalog,
                node,
                verifier,
                pages,
                deps,
            }),
        };
        actors.ask_accounts(RefreshKeys).await?;
        Ok(actors)
    }

    fn deadline(&self) -> Duration {
        self.inner.deps.settings.ask_deadline
    }

    /// Asks the actor of one repository.
    ///
    /// # Errors
    /// The repository's refusal, or why there was no answer.
    pub async fn ask_repository<M, T>(
        &self,
        name: &RepositoryName,
        msg: M,
    ) -> Result<T, RepositoryError>
    where
        RepositoryActor: Handler<M>,
        M: Message<Result = Result<T, RepositoryError>> + Send + 'static,
        T: Send + 'static,
    {
        let (key, deps) = (name.clone(), Arc::clone(&self.inner.deps));
        let make = move || RepositoryActor::new(key, deps);
        self.inner
            .repositories
            .ask(name, make, msg, self.deadline())
            .await
    }

    /// Begins an upload, making the repository if need be; answers its id.
    ///
    /// # Errors
    /// The repository's refusal; [`RepositoryError::Dispatch`] with `Full` when too many are open.
    pub async fn start_upload(
        &self,
        name: &RepositoryName,
        ensure: EnsureRepository,
        algorithm: Algorithm,
        owner: UploadOwner,
    ) -> Result<UploadId, RepositoryError> {
        let Some(slot) = self.inner.open_uploads.take(owner) else {
            return Err(RepositoryError::Dispatch(DispatchError::Full));
        };
        let repository = self.ask_repository(name, ensure).await?;
        let uploads = &self.inner.uploads;
        if uploads.len() >= self.inner.deps.settings.max_uploads {
            return Err(RepositoryError::Dispatch(DispatchError::Full));
        }
        let id = UploadId::new_v4();
        let seed = self.seed(id, repository, Some(algorithm));
        uploads.get(&(repository, id), move || {
            UploadActor::new(seed, Some(slot))
        })?;
        Ok(id)
    }

    /// Asks the actor of one upload of `name`; `deadline` bounds the wait, which for a body is long.
    ///
    /// # Errors
    /// The upload's refusal, or why there was no answer.
    pub async fn ask_upload<M, T>(
        &self,
        name: &RepositoryName,
        id: UploadId,
        msg: M,
        deadline: Duration,
    ) -> Result<T, UploadError>
    where
        UploadActor: Handler<M>,
        M: Message<Result = Result<T, UploadError>> + Send + 'static,
        T: Send + 'static,
    {
        let repository = self
            .ask_repository(name, crate::repository::GetRepository)
            .await;
        let repository = repository.map_err(|error| match error {
            RepositoryError::Dispatch(error) => UploadError::Dispatch(error),
            RepositoryError::Unavailable(text) => UploadError::Unavailable(text),
            RepositoryError::Internal(text) => UploadError::Internal(text),
            _ => UploadError::Unknown,
        })?;
        let (uploads, key) = (&self.inner.uploads, (repository, id));
        let most = self.inner.deps.settings.max_uploads.saturating_mul(2);
        if uploads.len() >= most && !uploads.contains(&key) {
            return Err(UploadError::TooMany);
        }
        let seed = self.seed(id, repository, None);
        uploads
            .ask(&key, move || UploadActor::new(seed, None), msg, deadline)
            .await
    }

    fn seed(
        &self,
        id: UploadId,
        repository: slipway_model::RepositoryId,
        algorithm: Option<Algorithm>,
    ) -> UploadSeed {
        UploadSeed {
            deps: Arc::clone(&self.inner.deps),
            blob_index: self.inner.blob_index.clone(),
            uploads: Arc::clone(&self.inner.uploads),
            id,
            repository,
            algorithm,
        }
    }

    /// Asks the accounts.
    ///
    /// # Errors
    /// Their refusal, or why there was no answer.
    pub async fn ask_accounts<M, T>(&self, msg: M) -> Result<T, AccountError>
    where
        AccountActor: Handler<M>,
        M: Message<Result = Result<T, AccountError>> + Send + 'static,
        T: Send + 'static,
    {
        self.inner.accounts.ask(msg, self.deadline()).await
    }

    /// Has the account office do a piece of work.
    ///
    /// # Errors
    /// Its refusal, or why there was no answer.
    pub async fn perform<W: Work>(&self, work: W) -> Result<W::Answer, AccountError> {
        self.ask_accounts(Perform(work)).await
    }

    /// Forgets what is in memory of a namespace's repositories, when its name came to mean another.
    pub fn forget_namespace(&self, name: &str) {
        let is_there = |key: &RepositoryName| key.namespace() == name;
        self.inner.repositories.retire_all(is_there);
    }

    /// Asks the catalog.
    ///
    /// # Errors
    /// Its refusal, or why there was no answer.
    pub async fn ask_catalog<M, T>(&self, msg: M) -> Result<T, RepositoryError>
    where
        CatalogActor: Handler<M>,
        M: Message<Result = Result<T, RepositoryError>> + Send + 'static,
        T: Send + 'static,
    {
        self.inner.catalog.ask(msg, self.deadline()).await
    }

    /// Tells a repository of a blob that was just committed there; a hint, dropped when it is busy.
    pub fn remember_blob(&self, name: &RepositoryName, msg: crate::repository::RememberBlob) {
        let (key, deps) = (name.clone(), Arc::clone(&self.inner.deps));
        let told = self
            .inner
            .repositories
            .get(name, move || RepositoryActor::new(key, deps))
            .and_then(|mailbox| mailbox.tell(msg));
        if let Err(error) = told {
            tracing::debug!(repository.name = %name, %error, "a hint was dropped");
        }
    }

    /// Counts a pull for the usage log.
    ///
    /// # Errors
    /// [`DispatchError::Full`] when the queue is full.
    pub fn record_pull(&self, pull: Pull) -> Result<(), DispatchError> {
        self.inner.ledger.tell(RecordPull(pull))
    }

    /// The verifier of registry tokens as last published.
    #[must_use]
    pub fn verifier(&self) -> Arc<TokenVerifier> {
        Arc::clone(&self.inner.verifier.borrow())
    }

    /// What seals and opens page tokens.
    #[must_use]
    pub fn pages(&self) -> &PageSealer {
        &self.inner.pages
    }

    /// The principals that changed of late.
    #[must_use]
    pub fn epochs(&self) -> Arc<Epochs> {
        Arc::clone(&self.inner.deps.epochs.borrow())
    }

    /// How long ago the database last confirmed this node.
    #[must_use]
    pub fn confirmed_ago(&self) -> Option<Duration> {
        self.inner.deps.standing.confirmed_ago()
    }

    /// Why nothing is deleted at present; empty when nothing holds it.
    #[must_use]
    pub fn holds(&self) -> Vec<Hold> {
        self.inner.deps.holds.list()
    }

    /// Looks at what the actors hold; at most `limit` repositories and uploads.
    ///
    /// # Errors
    /// When one of the singletons does not answer.
    pub async fn observe(&self, limit: usize) -> Result<Observed, RepositoryError> {
        let deadline = Duration::from_secs(2);
        let inner = &self.inner;
        let mut repositories = Vec::new();
        for (_, mailbox) in inner.repositories.list().into_iter().take(limit) {
            if let Ok(state) = mailbox.ask(ObserveRepository, deadline).await {
                repositories.push((state, mailbox.waiting()));
            }
        }
        let mut uploads = Vec::new();
        for ((_, id), mailbox) in inner.uploads.list().into_iter().take(limit) {
            if let Ok(state) = mailbox.ask(ObserveUpload, deadline).await {
                uploads.push((id, state));
            }
        }
        let blob_index = inner.blob_index.ask(ObserveBlobIndex, deadline).await;
        let blob_index =
            blob_index.map_err(|error| RepositoryError::Internal(error.to_string()))?;
        let ledger = inner.ledger.ask(ObserveLedger, deadline).await?;
        let (busy, idle) = inner.deps.db.pool_status();
        let accounts = inner.accounts.ask(Perform(ObserveAccounts), deadline).await;
        let accounts = accounts.map_err(|error| RepositoryError::Internal(error.to_string()))?;
        Ok(Observed {
            repository_count: inner.repositories.len(),
            upload_count: inner.uploads.len(),
            largest_owners: inner.open_uploads.largest(),
            verifications: inner.deps.verifications.waiting(),
            repository_mailbox: inner.mailbox_capacity,
            repositories,
            uploads,
            blob_index,
            ledger,
            waiting: inner.count_waiting(),
            accounts,
            cached_bytes: inner.deps.cache_budget.used(),
            database_busy: busy,
            database_idle: idle,
        })
    }

    /// Saves what is under way and says goodbye; the handle is of no use afterwards.
    pub async fn stop(&self) {
        let deadline = Duration::from_secs(5);
        for ((_, id), mailbox) in self.inner.uploads.list() {
            if let Err(error) = mailbox.ask(SaveUpload, deadline).await {
                tracing::warn!(upload.uuid = %id, %error, "an upload is not saved");
            }
        }
        // A save runs beside its actor; an upload that is busy is still being saved.
        for (_, mailbox) in self.inner.uploads.list() {
            for _ in 0..50 {
                match mailbox.ask(ObserveUpload, deadline).await {
                    Ok(state) if state.is_busy => tokio::time::sleep(deadline / 100).await,
                    _ => break,
                }
            }
        }
        if let Err(error) = self.ask_accounts(FlushUses).await {
            tracing::warn!(%error, "uses of credentials could not be written");
        }
        let goodbyes = [
            self.inner.ledger.ask(FlushLedger, deadline).await,
            self.inner.node.ask(StopNode, deadline).await,
        ];
        for error in goodbyes.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "an actor did not say goodbye");
        }
        self.inner.deps.db.close();
    }
}

/// Messages that were asked and not answered yet, of all actors of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Of repositories, those behind their queues of writes among them.
    pub repositories: usize,
    /// Of uploads.
    pub uploads: usize,
    /// Of the accounts, logins that wait for their turn at hashing among them.
    pub accounts: usize,
    /// Of the catalog.
    pub catalog: usize,
    /// Of the node.
    pub node: usize,
}

/// What the actors hold.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Live repository actors.
    pub repository_count: usize,
    /// Live upload actors.
    pub upload_count: usize,
    /// The most uploads that one account and one client network have open.
    pub largest_owners: (usize, usize),
    /// Suspect generations that are hashed or wait for it.
    pub verifications: usize,
    /// Room in a repository's mailbox.
    pub repository_mailbox: usize,
    /// Some repositories, each with the messages that wait.
    pub repositories: Vec<(RepositoryActorState, usize)>,
    /// Some uploads.
    pub uploads: Vec<(UploadId, UploadState)>,
    /// Messages that were asked and not answered yet.
    pub waiting: Waiting,
    /// What accounts hold.
    pub accounts: crate::account::AccountsState,
    /// The blob index.
    pub blob_index: BlobIndexState,
    /// The ledger.
    pub ledger: LedgerState,
    /// Bytes of memory for tags, manifests and blobs over all repositories.
    pub cached_bytes: usize,
    /// Database connections in use.
    pub database_busy: usize,
    /// Database connections idle.
    pub database_idle: usize,
}

impl MaybeDispatch for DispatchError {
    fn dispatch(&self) -> Option<&DispatchError> {
        Some(self)
    }
}
