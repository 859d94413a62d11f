//! The way in: [`EmbeddedServer`].
//!
//! Order of a start, each step leaving the folder usable when cut short: lock, user, programs,
//! end what an earlier run left, socket folder, finish or clean up an upgrade, make or upgrade
//! the cluster, write the settings, start, make the database. The lock is held from the first
//! step until the server has stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::account::Account;
use crate::cluster::{self, Plan, Site};
use crate::error::EmbeddedError;
use crate::folder::{DataFolder, claim_private};
use crate::launcher::Launcher;
use crate::lock::FolderLock;
use crate::log::ServerLog;
use crate::postmaster::{Postmaster, analyze, ensure_database};
use crate::programs::Programs;
use crate::settings::{ConnectionInfo, DATABASE, EmbeddedSettings, PORT};
use crate::supervisor::{ServerState, Supervisor};
use crate::{conf, nameless, socket, takeover, upgrade};

/// A private PostgreSQL server under supervision.
///
/// Dropping it asks the server to stop, in the background; [`EmbeddedServer::stop`] waits.
#[derive(Debug)]
pub struct EmbeddedServer {
    connection: ConnectionInfo,
    version: String,
    state: watch::Receiver<ServerState>,
    pid: Arc<AtomicU32>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), EmbeddedError>>,
}

impl EmbeddedServer {
    /// Starts the server on `settings.data_dir` and waits until it takes sessions.
    ///
    /// Must be called within a tokio runtime with I/O and time enabled; the supervising task
    /// lives on that runtime. A first start takes a second or two, a later one a fraction; a
    /// recovery after a crash, or an upgrade to a newer major, as long as it needs.
    ///
    /// # Errors
    /// Any [`EmbeddedError`]; nothing is left running then.
    pub async fn start(settings: EmbeddedSettings) -> Result<Self, EmbeddedError> {
        Box::pin(Self::start_steps(settings)).await
    }

    async fn start_steps(settings: EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let folder = DataFolder::open(&settings.data_dir)?;
        let lock = FolderLock::acquire(&folder.data_dir)?;
        let account = Account::choose(settings.run_as.as_deref()).await?;
        folder.make_root(&account)?;
        let names = nameless::give_name(&account, &folder.root)?;
        let launcher = Launcher { account, names };
        let program_sets = Programs::list(settings.bin_dir.as_deref(), &launcher).await?;
        takeover::clear(&folder.root).await?;
        cluster::remove_unfinished(&folder.root)?;
        let wanted_socket_dir = settings.socket_dir.as_deref();
        let socket_dir = socket::prepare(&folder.root, wanted_socket_dir, &launcher.account)?;
        let log = ServerLog::open(&folder.root)?;
        let site = Arc::new(Site {
            settings,
            folder,
            launcher,
            log,
            socket_dir,
        });
        let programs = Self::bring_cluster(&site, &program_sets).await?;
        Self::serve(site, programs, lock).await
    }

    /// Makes, upgrades or just finds the cluster; answers the programs to run it with.
    async fn bring_cluster(
        site: &Site,
        program_sets: &[Programs],
    ) -> Result<Programs, EmbeddedError> {
        upgrade::resume(site)?;
        let majors = cluster::list_majors(&site.folder.root)?;
        match cluster::plan(&majors, program_sets)? {
            Plan::Make(programs) => {
                tracing::info!(
                    postgres.version = programs.version,
                    "making a PostgreSQL cluster"
                );
                let place = site.folder.cluster(programs.major);
                cluster::make(site, &programs, &place).await?;
                Ok(programs)
            }
            Plan::Run(programs) => Ok(programs),
            Plan::Upgrade { old, new } => {
                upgrade::run(site, &old, &new).await?;
                Ok(new)
            }
        }
    }

    /// Starts the server on the cluster and hands it to the supervising task.
    async fn serve(
        site: Arc<Site>,
        programs: Programs,
        lock: FolderLock,
    ) -> Result<Self, EmbeddedError> {
        let place = site.folder.cluster(programs.major);
        claim_private(&place, &site.launcher.account)?;
        conf::write(
            &place,
            &site.settings,
            &site.socket_dir,
            &site.launcher.account,
        )?;
        let mut postmaster = Postmaster::spawn(&site, &programs, &place, &[])?;
        if let Err(error) = Self::prepare_database(&site, &mut postmaster).await {
            postmaster.stop().await;
            return Err(error);
        }
        let version = programs.version.clone();
        let pid = Arc::new(AtomicU32::new(postmaster.pid().unwrap_or(0)));
        tracing::info!(
            postgres.version = version,
            postgres.pid = postmaster.pid(),
            postgres.socket_dir = %site.socket_dir.display(),
            "the private PostgreSQL server is ready"
        );
        let connection = ConnectionInfo {
            socket_dir: site.socket_dir.clone(),
            port: PORT,
            user: DATABASE.to_owned(),
            dbname: DATABASE.to_owned(),
        };
        let (state_sender, state) = watch::channel(ServerState::Ready);
        let (stop, stop_receiver) = oneshot::channel();
        let supervisor = Supervisor {
            site,
            programs,
            cluster: place,
            state: state_sender,
            pid: Arc::clone(&pid),
            lock,
        };
        let task = tokio::spawn(supervisor.run(postmaster, stop_receiver));
        Ok(Self {
            connection,
            version,
            state,
            pid,
            stop,
            task,
        })
    }

    async fn prepare_database(
        site: &Site,
        postmaster: &mut Postmaster,
    ) -> Result<(), EmbeddedError> {
        let socket = site.main_socket();
        postmaster.wait_ready(site, &socket).await?;
        ensure_database(&socket).await?;
        if upgrade::needs_statistics(site) {
            analyze(&socket).await?;
            upgrade::finish(site)?;
        }
        Ok(())
    }

    /// How to connect; the same for the server's whole life, restarts included.
    #[must_use]
    pub fn connection(&self) -> ConnectionInfo {
        self.connection.clone()
    }

    /// Version of the server, such as `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Follows what the server is doing.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ServerState> {
        self.state.clone()
    }

    /// Process id of the postmaster; `None` between two of them.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match self.pid.load(Ordering::Acquire) {
            0 => None,
            pid => Some(pid),
        }
    }

    /// Stops the server and waits until it is gone: open sessions are ended, all is written.
    ///
    /// A server that has not stopped after 30 s is stopped at once and recovers at its next
    /// start.
    ///
    /// # Errors
    /// `StillRunning` when not even that helped; `Supervisor` when the task broke.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        // A task that is gone already has no receiver; its result below tells why.
        drop(self.stop);
        match self.task.await {
            Ok(result) => result,
            Err(error) => Err(EmbeddedError::Supervisor {
                reason: error.to_string(),
            }),
        }
    }
}
