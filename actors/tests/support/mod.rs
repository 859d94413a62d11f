//! A place for nodes to run on, and what clients do there.

use std::cell::RefCell;
use std::future::Future;
use std::ops::AsyncFnOnce;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use actix::System;
use bytes::Bytes;
use slipway_actors::account::{AccountSettings, UserSettings};
use slipway_actors::boot::Company;
use slipway_actors::deps::Settings;
use slipway_actors::repository::{
    BlobBytes, EnsureRepository, OpenBlob, PullManifest, PulledManifest, PushManifest,
    RepositoryError,
};
use slipway_actors::upload::{
    AppendChunk, BlobStored, Body, FinishUpload, UploadError, UploadOwner,
};
use slipway_actors::{Actors, BootConfig, Database, Mailboxes, Origin, UploadId};
use slipway_auth::password::HashingCost;
use slipway_auth::permission::Registry;
use slipway_oci::{
    Algorithm, ContentRange, Digest, ManifestLimits, ParsedManifest, Reference, RepositoryName,
    TagName,
};
use slipway_storage::{EngineKind, Store, StoreSettings, SyncMode};
use slipway_testkit::TestDatabase;
use tempfile::TempDir;

pub(crate) const LONG: Duration = Duration::from_secs(20);
pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A database and a folder for blobs.
pub(crate) struct Site {
    pub(crate) test: TestDatabase,
    folder: TempDir,
    /// The kernel's boot when bytes are left with the operating system.
    boot: RefCell<Option<String>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            test: in_system(TestDatabase::new()),
            folder: tempfile::tempdir().unwrap(),
            boot: RefCell::default(),
        }
    }

    /// From here on, nodes leave bytes with the operating system of this boot.
    pub(crate) fn boots(&self, boot: &str) {
        self.boot.replace(Some(boot.to_owned()));
    }

    /// What the store's journal of syncs says, in nodes that leave bytes.
    pub(crate) fn journal(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default()
    }

    /// Runs a node until `work` is done, then ends it without a goodbye.
    pub(crate) fn run(&self, work: impl AsyncFnOnce(Node)) {
        self.run_with(|_| {}, work);
    }

    /// The same with other settings.
    pub(crate) fn run_with(
        &self,
        change: impl FnOnce(&mut Settings),
        work: impl AsyncFnOnce(Node),
    ) {
        in_system(async {
            let mut settings = settings();
            change(&mut settings);
            let node = self.start(settings).await;
            work(node).await;
        });
    }

    async fn start(&self, settings: Settings) -> Node {
        let db = self.test.database();
        let mut store_settings = StoreSettings::new(EngineKind::Local {
            root: self.folder.path().to_owned(),
        });
        store_settings.segment_close_bytes = 1 << 20;
        let boot_id = self.boot.borrow().clone();
        if boot_id.is_some() {
            store_settings.sync = SyncMode::Os;
            store_settings.sync_journal = Some(self.folder.path().join("journal"));
        }
        let store = Store::open(store_settings).await.unwrap();
        let actors = Actors::start(BootConfig {
            db: db.clone(),
            store,
            settings,
            accounts: accounts(),
            mailboxes: Mailboxes {
                repository: 1024,
                upload: 16,
                blob_index: 1024,
                repositories: 100,
            },
            arbiters: 2,
            company: Company {
                others_are_dead: true,
                must_be_alone: false,
                leaves_bytes: boot_id.is_some(),
                boot_id,
            },
            crash_hook: None,
        })
        .await
        .unwrap();
        let node = Node { actors, db };
        wait_for("a heartbeat", async || {
            node.actors.confirmed_ago().is_some()
        })
        .await;
        node
    }

    /// A copy of the database as it is now, which nobody uses.
    pub(crate) fn copy_database(&self) -> TestDatabase {
        in_system(self.test.duplicate())
    }

    /// Puts another database under the store; answers the one before.
    pub(crate) fn swap_database(&mut self, other: TestDatabase) -> TestDatabase {
        std::mem::replace(&mut self.test, other)
    }

    /// Runs a statement while no node runs.
    pub(crate) fn run_sql(&self, sql: &str) {
        in_system(self.execute(sql));
    }

    /// Objects in the store.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        list_files(&self.folder.path().join("seg"), &mut found);
        // What lies below batch 0 is the marker of the database.
        found.retain(|path| {
            !path
                .parent()
                .is_some_and(|folder| folder.ends_with("seg/0"))
        });
        found
    }

    /// The single number that `sql` answers.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let client = self.test.connect().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.test.connect().await.batch_execute(sql).await.unwrap();
    }
}

fn list_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            list_files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Runs `work` in an actix system of its own and ends that with all its threads.
pub(crate) fn in_system<T>(work: impl Future<Output = T>) -> T {
    let system = System::new();
    let outcome = system.block_on(work);
    system.block_on(async { System::current().stop() });
    system.run().unwrap();
    outcome
}

/// Waits until `is_so` says yes, ten seconds at most.
pub(crate) async fn wait_for(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for {what}");
}

fn settings() -> Settings {
    Settings {
        ask_deadline: Duration::from_secs(10),
        inline_bytes: 64 << 10,
        max_layer_bytes: 1 << 30,
        lease: Duration::from_secs(3600),
        temporary: Duration::from_secs(3600),
        checkpoint_bytes: 256 << 20,
        checkpoint_interval: Duration::from_secs(30),
        upload_expiry: Duration::from_secs(3600),
        tag_expiration: Duration::from_secs(14 * 86_400),
        sparse_manifests: false,
        refuse_siblings: false,
        private_on_push: true,
        tag_cache_entries: 1000,
        manifest_cache_bytes: 4 << 20,
        blob_cache_entries: 1000,
        write_queue: 100,
        referrers_page_bytes: 4 << 20,
        max_uploads: 200,
        max_uploads_per_owner: 0,
        max_repositories: 0,
        namespaces_by_push: true,
        ledger_queue: 1000,
        ledger_interval: Duration::from_millis(200),
        outage_grace: Duration::from_secs(5),
        tag_life: slipway_actors::deps::TagLife {
            min: Duration::from_secs(3600),
            max: Duration::from_secs(104 * 7 * 86_400),
        },
        immutable_can_expire: false,
        reserved_label_prefixes: Vec::new(),
    }
}

/// One key file for all nodes of this process, in a folder that lives as long.
fn key_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = tempfile::tempdir().unwrap().keep().join("secret.key");
        let ring = slipway_auth::seal::KeyRing::generate().unwrap();
        slipway_actors::account::write_key_file(&file, &ring).unwrap();
        file
    })
}

fn accounts() -> AccountSettings {
    AccountSettings {
        token_life: Duration::from_secs(3600),
        leeway: Duration::from_secs(5),
        key_life: Duration::from_secs(86_400),
        key_refresh: Duration::from_secs(43_200),
        expired_key_retention: Duration::from_secs(604_800),
        unapproved_key_retention: Duration::from_secs(86_400),
        server_name: "registry.example".to_owned(),
        library_namespace: "library".to_owned(),
        superusers: Vec::new(),
        full_access: false,
        readonly_superusers: Vec::new(),
        lockout: true,
        registry: Registry::default(),
        hashing: HashingCost {
            memory_kib: 64,
            iterations: 1,
            concurrent: 2,
        },
        verified_entries: 100,
        mail: None,
        users: UserSettings::default(),
        require_team_invite: true,
        session_life: Duration::from_secs(3600),
        restricted_users: false,
        unrestricted_users: Vec::new(),
        key_file: key_file().to_owned(),
        encrypted_passwords_only: false,
        robots_disallowed: false,
        robots_allowed: Vec::new(),
        restricted_robots: true,
        allowed_hosts: slipway_actors::account::HostRules::default(),
        app_token_life: None,
        app_tokens_kept: Duration::from_secs(86_400),
        tokens_per_application: 0,
    }
}

/// A running node.
pub(crate) struct Node {
    pub(crate) actors: Actors,
    pub(crate) db: Database,
}

impl Node {
    pub(crate) async fn start_upload(&self, path: &str, algorithm: Algorithm) -> UploadId {
        let ensure = EnsureRepository {
            origin: Origin::default(),
            creates_namespace: true,
            namespaces: None,
        };
        let path = name(path);
        let started = self
            .actors
            .start_upload(&path, ensure, algorithm, UploadOwner::default());
        started.await.unwrap()
    }

    /// Appends `bytes`; answers the new offset.
    pub(crate) async fn append(
        &self,
        path: &str,
        id: UploadId,
        start: Option<u64>,
        bytes: &Bytes,
    ) -> Result<u64, UploadError> {
        let size = u64::try_from(bytes.len()).unwrap();
        let range = start.map(|start| ContentRange {
            start,
            end_inclusive: start + size - 1,
        });
        let msg = AppendChunk {
            range,
            body: Body::Whole(vec![bytes.clone()]),
        };
        let progress = self.actors.ask_upload(&name(path), id, msg, LONG).await?;
        Ok(progress.offset_bytes)
    }

    pub(crate) async fn finish(
        &self,
        path: &str,
        id: UploadId,
        digest: Digest,
        bytes: &Bytes,
    ) -> Result<BlobStored, UploadError> {
        let msg = FinishUpload {
            digest,
            range: None,
            body: Body::Whole(vec![bytes.clone()]),
        };
        self.actors.ask_upload(&name(path), id, msg, LONG).await
    }

    /// Uploads `bytes` in two requests.
    pub(crate) async fn push_blob(&self, path: &str, bytes: &Bytes) -> Digest {
        let digest = digest_of(bytes);
        let id = self.start_upload(path, Algorithm::Sha256).await;
        let stored = self.finish(path, id, digest, bytes).await.unwrap();
        assert_eq!(stored.digest, digest);
        digest
    }

    /// Reads a blob, or the part of it that `range` asks for.
    pub(crate) async fn read_blob(
        &self,
        path: &str,
        digest: Digest,
        range: Option<&str>,
    ) -> Result<Vec<u8>, RepositoryError> {
        let msg = OpenBlob {
            digest,
            range: range.map(str::to_owned),
        };
        let opened = self.actors.ask_repository(&name(path), msg).await?;
        Ok(match opened.bytes {
            BlobBytes::None => Vec::new(),
            BlobBytes::Memory(bytes) => bytes.to_vec(),
            BlobBytes::Files(parts) => {
                let mut read = Vec::new();
                for part in parts {
                    let mut piece = vec![0; usize::try_from(part.len).unwrap()];
                    part.file.read_exact_at(&mut piece, part.offset).unwrap();
                    read.extend(piece);
                }
                read
            }
            BlobBytes::Stream(_) => panic!("the local engine answers files"),
        })
    }

    /// Pushes an image of a config and the given layers under `tags`.
    pub(crate) async fn push_image(&self, path: &str, tags: &[&str], layers: &[Bytes]) -> Digest {
        for layer in layers {
            self.push_blob(path, layer).await;
        }
        let config = Bytes::from_static(b"{}");
        self.push_blob(path, &config).await;
        let bytes = image(&config, layers);
        self.push_manifest(path, tags, &bytes).await.unwrap()
    }

    pub(crate) async fn push_manifest(
        &self,
        path: &str,
        tags: &[&str],
        bytes: &Bytes,
    ) -> Result<Digest, RepositoryError> {
        let limits = ManifestLimits::default();
        let msg = PushManifest {
            bytes: bytes.clone(),
            digest: digest_of(bytes),
            parsed: ParsedManifest::parse(None, bytes, &limits).unwrap(),
            tags: tags
                .iter()
                .map(|tag| TagName::parse(tag).unwrap())
                .collect(),
            ensure: EnsureRepository {
                origin: Origin::default(),
                creates_namespace: true,
                namespaces: None,
            },
        };
        let pushed = self.actors.ask_repository(&name(path), msg).await?;
        Ok(pushed.digest)
    }

    pub(crate) async fn pull(
        &self,
        path: &str,
        reference: &str,
    ) -> Result<PulledManifest, RepositoryError> {
        let reference = Reference::parse(reference).unwrap();
        let msg = PullManifest { reference };
        self.actors.ask_repository(&name(path), msg).await
    }

    /// Reads of a repository that asked the database.
    pub(crate) async fn misses(&self, path: &str) -> u64 {
        let observed = self.actors.observe(100).await.unwrap();
        let states = observed.repositories.into_iter().map(|(state, _)| state);
        let state = states.into_iter().find(|state| state.name == path);
        state.unwrap().misses
    }
}

pub(crate) fn name(path: &str) -> RepositoryName {
    RepositoryName::parse(path, "library").unwrap()
}

pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}

/// Bytes that differ from place to place and from seed to seed.
pub(crate) fn noise(seed: u32, len: usize) -> Bytes {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// A manifest of a config and layers.
pub(crate) fn image(config: &Bytes, layers: &[Bytes]) -> Bytes {
    let descriptor = |media_type: &str, bytes: &Bytes| {
        serde_json::json!({
            "mediaType": media_type, "digest": digest_of(bytes).to_string(), "size": bytes.len(),
        })
    };
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer))
        .collect();
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": layers,
    });
    Bytes::from(manifest.to_string())
}
