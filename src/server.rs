//! Putting a running server together, and taking it apart again.
//!
//! Start: data folder and embedded database, store, actors, listeners. Stop, on SIGTERM or SIGINT:
//! health says no, running requests get `server.drain_timeout`, uploads are saved, the node says
//! goodbye, the database stops last.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::Data;
use anyhow::Context as _;
use slipway_actors::account::{AccountSettings, HostRules, UserSettings};
use slipway_actors::boot::Company;
use slipway_actors::deps::{CrashHook, Settings, TagLife};
use slipway_actors::mail::{MailEncryption, MailSettings};
use slipway_actors::storage::{EngineKind, Store, StoreSettings, SyncMode};
use slipway_actors::{Actors, BootConfig, Database, DatabaseSettings, Mailboxes};
use slipway_auth::Secret;
use slipway_auth::password::HashingCost;
use slipway_auth::permission::Registry;
use slipway_config::Config;
use slipway_config::sections::{
    DeleteByDigest, MailTls, StorageEngine, SyncMode as SyncKey, TlsVersion,
};
use slipway_postgres::{EmbeddedServer, EmbeddedSettings};
use slipway_transport::{ServerHandle, TlsSettings, TransportSettings};

use crate::edge::{AppState, facts};
use crate::routes;
use crate::telemetry::SpanCounts;

/// How long a freshly started external database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);

/// A server that answers requests.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// The application.
    pub state: Data<AppState>,
    handle: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    embedded: Option<EmbeddedServer>,
}

impl Running {
    /// Starts everything that `config` says; `spans` counts traces, when they go anywhere.
    ///
    /// # Errors
    /// The first thing that cannot be started, with what was tried.
    pub async fn start(config: Config, spans: Option<Arc<SpanCounts>>) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let listeners = config
            .server
            .listen
            .iter()
            .map(|address| slipway_transport::bind(*address))
            .collect::<Result<Vec<_>, _>>()?;
        let mut addresses = Vec::new();
        for listener in &listeners {
            addresses.push(listener.local_addr().context("a listener has no address")?);
        }
        let embedded = start_embedded(&config).await?;
        match assemble(&config, listeners, &addresses, embedded.as_ref(), spans).await {
            Ok(edge) => Ok(Self {
                addresses,
                state: edge.state,
                handle: edge.handle,
                serving: actix_rt::spawn(edge.server),
                embedded,
            }),
            Err(error) => {
                if let Some(embedded) = embedded
                    && let Err(stopping) = embedded.stop().await
                {
                    tracing::warn!(error = %stopping, "the database did not stop cleanly");
                }
                Err(error)
            }
        }
    }

    /// Stops, letting running requests end.
    ///
    /// # Errors
    /// When the embedded database does not stop cleanly.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.state.start_draining();
        self.handle.stop(true).await;
        if let Err(error) = self.serving.await {
            tracing::warn!(%error, "the server ended badly");
        }
        self.state.actors.stop().await;
        if let Some(embedded) = self.embedded {
            embedded
                .stop()
                .await
                .context("the database did not stop cleanly")?;
        }
        Ok(())
    }
}

/// What answers requests.
struct Edge {
    state: Data<AppState>,
    server: slipway_transport::Server,
    handle: ServerHandle,
}

/// Puts everything above the database together; what was started stops again on a failure.
async fn assemble(
    config: &Arc<Config>,
    listeners: Vec<TcpListener>,
    addresses: &[SocketAddr],
    embedded: Option<&EmbeddedServer>,
    spans: Option<Arc<SpanCounts>>,
) -> anyhow::Result<Edge> {
    let (db, others_are_dead) = open_database(config, embedded).await?;
    let server_name = server_name(config, addresses);
    let workers = worker_count(config);
    let boot = BootConfig {
        db,
        store: open_store(config).await?,
        settings: actor_settings(config),
        accounts: account_settings(config, server_name.clone()),
        mailboxes: mailboxes(config),
        arbiters: workers,
        company: company(config, others_are_dead),
        crash_hook: crash_hook(config),
    };
    let actors = Actors::start(boot)
        .await
        .context("the actors cannot be started")?;
    let state = Data::new(AppState::new(
        actors,
        Arc::clone(config),
        server_name,
        spans,
    ));
    let app_state = state.clone();
    let factory = move || {
        App::new()
            .app_data(app_state.clone())
            .wrap(guarding_headers())
            .wrap(from_fn(facts::follow))
            .configure(routes::mount)
    };
    match slipway_transport::serve(listeners, transport_settings(config, workers), factory) {
        Ok((server, handle)) => Ok(Edge {
            state,
            server,
            handle,
        }),
        Err(error) => {
            state.actors.stop().await;
            Err(error.into())
        }
    }
}

fn company(config: &Config, others_are_dead: bool) -> Company {
    let storage = &config.storage;
    Company {
        others_are_dead,
        must_be_alone: storage.engine == StorageEngine::Memory || !storage.shared_mount,
        boot_id: boot_id(config),
        leaves_bytes: storage.engine == StorageEngine::Fs && storage.sync == SyncKey::Os,
    }
}

/// The kernel's boot; without one every end counts as a power cut, which costs only time.
fn boot_id(config: &Config) -> Option<String> {
    let read = || {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(text.trim().to_owned())
    };
    let found = config.debug.boot_id.clone().or_else(read);
    found.filter(|text| !text.is_empty())
}

/// What keeps browsers from showing answers inside other pages, or as another type than they have.
fn guarding_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("X-Frame-Options", "DENY"))
        .add(("X-Content-Type-Options", "nosniff"))
}

async fn start_embedded(config: &Config) -> anyhow::Result<Option<EmbeddedServer>> {
    if !config.has_embedded_database() {
        return Ok(None);
    }
    let database = &config.database;
    let settings = EmbeddedSettings {
        bin_dir: database.bin_dir.clone(),
        run_as: database.run_as.clone(),
        socket_dir: database.socket_dir.clone(),
        max_connections: database.pool_size.saturating_add(10),
        shared_buffers_bytes: database.shared_buffers.bytes(),
        max_wal_size_bytes: database.max_wal_size.bytes(),
        ..EmbeddedSettings::new(absolute(&config.data.dir)?)
    };
    let server = EmbeddedServer::start(settings)
        .await
        .context("the embedded database")?;
    Ok(Some(server))
}

fn absolute(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("the path `{}`", path.display()))
}

async fn open_database(
    config: &Config,
    embedded: Option<&EmbeddedServer>,
) -> anyhow::Result<(Database, bool)> {
    let database = &config.database;
    let url = match (embedded, &database.url) {
        (Some(server), _) => server.connection().to_params(),
        (None, Some(url)) => url.reveal().clone(),
        (None, None) => anyhow::bail!("database.url is not set"),
    };
    let settings = DatabaseSettings {
        url,
        ca_certificate: database.ca_certificate.clone(),
        pool_size: usize::try_from(database.pool_size).unwrap_or(usize::MAX),
        connect_timeout: database.connect_timeout,
        request_wait: database.request_wait,
        is_prepared: database.prepared_statements,
    };
    let db = Database::new(&settings)?;
    let deadline = tokio::time::Instant::now() + DATABASE_PATIENCE;
    while let Err(error) = db.identify().await {
        if tokio::time::Instant::now() > deadline {
            return Err(error).context("the database does not answer");
        }
        tracing::warn!(%error, "waiting for the database");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok((db, embedded.is_some()))
}

/// The audience of tokens: the host of `server.url`, else the first address.
fn server_name(config: &Config, addresses: &[SocketAddr]) -> String {
    match &config.server.url {
        Some(url) => {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            rest.split_once('/')
                .map_or(rest, |(host, _)| host)
                .to_owned()
        }
        None => addresses
            .first()
            .map_or_else(|| "slipway".to_owned(), ToString::to_string),
    }
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let storage = &config.storage;
    let engine = match storage.engine {
        StorageEngine::Fs => {
            let root = absolute(&config.blob_dir())?;
            std::fs::create_dir_all(&root)
                .with_context(|| format!("the blob folder `{}`", root.display()))?;
            EngineKind::Local { root }
        }
        StorageEngine::Memory => EngineKind::Memory,
    };
    let settings = StoreSettings {
        sync: match storage.sync {
            SyncKey::Always => SyncMode::Always,
            SyncKey::Os => SyncMode::Os,
        },
        segment_close_bytes: storage.segment_close_bytes.bytes(),
        max_segments: usize::try_from(storage.max_segments).unwrap_or(usize::MAX),
        reserve_bytes: config.storage_reserve().bytes(),
        sync_journal: config.debug.sync_journal.clone(),
        crash_hook: crash_hook(config),
        ..StoreSettings::new(engine)
    };
    Store::open(settings).await.context("the blob store")
}

/// Ends the process at the named place, without any goodbye.
pub(crate) fn crash_hook(config: &Config) -> Option<CrashHook> {
    let wanted = config.debug.crash_point.clone()?;
    Some(Arc::new(move |point: &'static str| {
        if point == wanted {
            let me = rustix::process::getpid();
            let killed = rustix::process::kill_process(me, rustix::process::Signal::KILL);
            tracing::error!(point, ?killed, "still alive after a crash point");
        }
    }))
}

fn worker_count(config: &Config) -> usize {
    match usize::from(config.server.workers) {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        count => count,
    }
}

fn actor_settings(config: &Config) -> Settings {
    let (registry, limits) = (&config.registry, &config.limits);
    let count = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    Settings {
        ask_deadline: config
            .database
            .statement_timeout
            .max(Duration::from_secs(1)),
        inline_bytes: config.storage.inline_bytes.bytes(),
        max_layer_bytes: registry.max_layer_bytes.bytes(),
        lease: registry.lease_life,
        temporary: registry.temp_tag_life,
        checkpoint_bytes: config.storage.checkpoint_bytes.bytes(),
        checkpoint_interval: config.storage.checkpoint_interval,
        upload_expiry: registry.upload_expiry,
        tag_expiration: registry.tag_expiration,
        sparse_manifests: registry.sparse_manifests,
        refuse_siblings: registry.delete_by_digest == DeleteByDigest::RefuseSiblings,
        private_on_push: registry.create_private_on_push,
        tag_cache_entries: count(limits.tag_cache_entries),
        manifest_cache_bytes: limits.manifest_cache_bytes.len_usize(),
        blob_cache_entries: count(limits.blob_cache_entries),
        write_queue: count(limits.repository_mailbox),
        referrers_page_bytes: registry.referrers_page_bytes.len_usize(),
        max_uploads: count(limits.max_uploads),
        max_uploads_per_owner: count(limits.max_uploads_per_owner),
        max_repositories: i64::from(registry.max_repositories_per_namespace),
        namespaces_by_push: registry.create_namespace_on_push || registry.open_test_registry,
        ledger_queue: count(limits.ledger_queue),
        ledger_interval: config.audit.flush_interval,
        outage_grace: config.database.outage_grace,
        tag_life: TagLife {
            min: config.tags.min_life,
            max: config.tags.max_life,
        },
        immutable_can_expire: config.tags.immutable_can_expire,
        reserved_label_prefixes: config.tags.reserved_label_prefixes.clone(),
    }
}

pub(crate) fn account_settings(config: &Config, server_name: String) -> AccountSettings {
    let (auth, registry) = (&config.auth, &config.registry);
    AccountSettings {
        token_life: auth.token_life,
        leeway: auth.token_leeway,
        key_life: auth.service_key_life,
        key_refresh: auth.service_key_refresh,
        expired_key_retention: auth.expired_key_retention,
        unapproved_key_retention: auth.unapproved_key_retention,
        server_name,
        library_namespace: registry.library_namespace.clone(),
        superusers: auth.superusers.clone(),
        full_access: auth.superusers_full_access,
        readonly_superusers: auth.global_readonly_superusers.clone(),
        lockout: auth.lockout,
        registry: Registry {
            anonymous_access: registry.anonymous_access,
            read_only: registry.state == slipway_config::sections::RegistryState::ReadOnly,
            pushes_disabled: registry.disable_pushes,
            open_test_registry: registry.open_test_registry,
            create_namespace_on_push: registry.create_namespace_on_push,
        },
        hashing: HashingCost {
            memory_kib: u32::try_from(auth.argon2_memory.bytes() / 1024).unwrap_or(u32::MAX),
            iterations: auth.argon2_iterations,
            concurrent: usize::try_from(auth.argon2_concurrent).unwrap_or(2),
        },
        verified_entries: usize::try_from(auth.token_cache_entries).unwrap_or(1000),
        mail: mail_settings(config),
        users: user_settings(config),
        require_team_invite: config.accounts.require_team_invite,
        session_life: config.accounts.session_timeout,
        restricted_users: config.accounts.restricted_users,
        unrestricted_users: config.accounts.restricted_users_whitelist.clone(),
        key_file: config.secret_key_file(),
        encrypted_passwords_only: auth.require_encrypted_basic_auth,
        robots_disallowed: config.accounts.robots_disallow,
        robots_allowed: config.accounts.robots_whitelist.clone(),
        restricted_robots: config.accounts.restricted_robots,
        allowed_hosts: HostRules::new(config.accounts.ssrf_allowed_hosts.clone()),
        app_token_life: config.accounts.app_token_life,
        app_tokens_kept: config.accounts.app_tokens_kept,
        tokens_per_application: i64::from(config.accounts.tokens_per_application),
    }
}

fn user_settings(config: &Config) -> UserSettings {
    let (accounts, registry) = (&config.accounts, &config.registry);
    let seconds = |life: &Duration| i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
    let options = registry.tag_expiration_options.iter().map(seconds);
    UserSettings {
        invite_only: accounts.invite_only,
        refused_email_domains: accounts.refused_email_domains.clone(),
        rename: accounts.user_rename,
        metadata: accounts.user_metadata,
        last_accessed: accounts.user_last_accessed,
        tag_expiration_options_s: registry.change_tag_expiration.then(|| options.collect()),
        log_logins: config.audit.logins,
        log_login_failures: config.audit.login_failures,
        recovery_life: accounts.recovery_life,
        signins_per_minute_per_network: config.limits.signins_per_minute_per_ip,
        signins_per_minute_per_account: config.limits.signins_per_minute_per_account,
    }
}

fn mail_settings(config: &Config) -> Option<MailSettings> {
    let mail = &config.mail;
    let base_url = config.server.url.as_deref().filter(|_| config.has_mail())?;
    let password = mail
        .password
        .as_ref()
        .map(|secret| secret.reveal().as_str());
    Some(MailSettings {
        server: mail.server.clone(),
        port: mail.port,
        encryption: match mail.tls {
            MailTls::StartTls => MailEncryption::StartTls,
            MailTls::Tls => MailEncryption::Tls,
            MailTls::None => MailEncryption::None,
        },
        ca_certificate: mail.ca_certificate.clone(),
        login: password.map(|password| (mail.user.clone(), Secret::from(password))),
        sender: mail.sender.clone(),
        timeout: mail.timeout,
        retry_after: mail.retry_after,
        max_waiting: config.limits.mail_queue,
        base_url: base_url.trim_end_matches('/').to_owned(),
    })
}

fn mailboxes(config: &Config) -> Mailboxes {
    let limits = &config.limits;
    let count = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    Mailboxes {
        repository: count(limits.repository_mailbox),
        upload: count(limits.upload_mailbox),
        blob_index: count(limits.blob_index_mailbox),
        repositories: count(limits.repository_actors),
    }
}

fn transport_settings(config: &Config, workers: usize) -> TransportSettings {
    let (server, tls) = (&config.server, &config.tls);
    let files = tls.certificate.clone().zip(tls.key.clone());
    TransportSettings {
        workers,
        max_connections: usize::try_from(server.max_connections).unwrap_or(usize::MAX),
        backlog: server.backlog,
        keep_alive: server.keep_alive,
        header_timeout: server.header_timeout,
        shutdown_timeout: server.drain_timeout,
        tls: files.map(|(certificate, key)| TlsSettings {
            certificate,
            key,
            min_version: match tls.min_version {
                TlsVersion::Tls12 => slipway_transport::TlsVersion::Tls12,
                TlsVersion::Tls13 => slipway_transport::TlsVersion::Tls13,
            },
            reload_interval: tls.reload_interval,
        }),
        http2: tls.http2,
    }
}
