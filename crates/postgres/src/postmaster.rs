//! One running postmaster: start it, wait until it serves, stop it.
//!
//! It is a child in a process group of its own with its output in the log file. A value that is
//! dropped without [`Postmaster::stop`] asks its process to end (fast shutdown), so that a
//! cancelled start or a panic leaves no server behind on purpose.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::Site;
use crate::error::EmbeddedError;
use crate::processes::send;
use crate::programs::Programs;
use crate::settings::{DATABASE, SUPERUSER};
use crate::wire::{Session, WireError};

const POLL: Duration = Duration::from_millis(25);
/// Without any answer on the socket.
const SILENT_START: Duration = Duration::from_secs(60);
/// With the server answering that it recovers.
const RECOVERY: Duration = Duration::from_secs(30 * 60);
const FAST_STOP: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);

/// A postmaster and its place in the log.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    log_from_bytes: u64,
}

impl Postmaster {
    /// Starts a server on `cluster`; it is not ready yet.
    pub(crate) fn spawn(
        site: &Site,
        programs: &Programs,
        cluster: &Path,
        arguments: &[&str],
    ) -> Result<Self, EmbeddedError> {
        let program = programs.program("postgres");
        let (log, log_from_bytes) = site.log.append()?;
        let spawn_error = |source| EmbeddedError::Spawn {
            program: program.clone(),
            source,
        };
        let log_again = log.try_clone().map_err(spawn_error)?;
        let mut command = site.launcher.command(&program);
        command.arg("-D").arg(cluster).args(arguments);
        command
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(log_again));
        let child = command.spawn().map_err(spawn_error)?;
        Ok(Self {
            child,
            log_from_bytes,
        })
    }

    /// Process id, until the process has been waited for.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process ends.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, std::io::Error> {
        self.child.wait().await
    }

    /// Waits until sessions are taken on `socket`.
    ///
    /// # Errors
    /// `StartFailed` with the end of the log when the process ends first or stays silent.
    pub(crate) async fn wait_ready(
        &mut self,
        site: &Site,
        socket: &Path,
    ) -> Result<(), EmbeddedError> {
        let log_from_bytes = self.log_from_bytes;
        let reason = tokio::select! {
            ended = self.child.wait() => match ended {
                Ok(status) => format!("it ended with {status}"),
                Err(error) => format!("it cannot be waited for: {error}"),
            },
            answer = wait_for_sessions(socket) => match answer {
                Ok(()) => return Ok(()),
                Err(error) => error.to_string(),
            },
        };
        Err(EmbeddedError::StartFailed {
            reason,
            log_tail: site.log.tail(log_from_bytes),
        })
    }

    /// Fast shutdown, then immediate, then by force; returns when the process is gone.
    pub(crate) async fn stop(&mut self) {
        let steps = [
            (Signal::INT, FAST_STOP),
            (Signal::QUIT, IMMEDIATE_STOP),
            (Signal::KILL, IMMEDIATE_STOP),
        ];
        for (signal, patience) in steps {
            let Some(pid) = self.child.id() else { return };
            if signal != Signal::INT {
                tracing::warn!(postgres.pid = pid, ?signal, "the server is slow to stop");
            }
            send(pid, signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return;
            }
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Some(pid) = self.child.id() {
            send(pid, Signal::INT);
        }
    }
}

/// Tries sessions until one is taken; patient while the server says that it recovers.
async fn wait_for_sessions(socket: &Path) -> Result<(), WireError> {
    let started = Instant::now();
    let mut last_answer = started;
    loop {
        let error = match Session::connect(socket, SUPERUSER, SUPERUSER).await {
            Ok(session) => {
                session.close().await;
                return Ok(());
            }
            // Any refusal that is not "not yet" comes from a server that serves.
            Err(WireError::Server { .. }) => return Ok(()),
            Err(error) => error,
        };
        if matches!(error, WireError::NotYet) {
            last_answer = Instant::now();
        }
        if last_answer.elapsed() > SILENT_START || started.elapsed() > RECOVERY {
            return Err(error);
        }
        sleep(POLL).await;
    }
}

/// Makes Slipway's role and database where they are missing.
pub(crate) async fn ensure_database(socket: &Path) -> Result<(), EmbeddedError> {
    let wanted = [
        (
            format!("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '{DATABASE}'"),
            format!("CREATE ROLE {DATABASE} LOGIN"),
        ),
        (
            format!("SELECT 1 FROM pg_catalog.pg_database WHERE datname = '{DATABASE}'"),
            format!(
                "CREATE DATABASE {DATABASE} OWNER {DATABASE} TEMPLATE template0 \
                 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            ),
        ),
    ];
    let mut session = connect(socket, SUPERUSER).await?;
    for (question, statement) in wanted {
        if execute(&mut session, &question).await?.is_empty() {
            execute(&mut session, &statement).await?;
        }
    }
    session.close().await;
    Ok(())
}

/// Gathers the statistics that an upgrade does not bring along.
pub(crate) async fn analyze(socket: &Path) -> Result<(), EmbeddedError> {
    let mut session = connect(socket, DATABASE).await?;
    execute(&mut session, "ANALYZE").await?;
    session.close().await;
    Ok(())
}

async fn connect(socket: &Path, database: &str) -> Result<Session, EmbeddedError> {
    let connected = Session::connect(socket, SUPERUSER, database).await;
    connected.map_err(|error| EmbeddedError::Refused {
        statement: format!("connect to {database}"),
        reason: error.to_string(),
    })
}

async fn execute(session: &mut Session, sql: &str) -> Result<Vec<String>, EmbeddedError> {
    let answer = session.execute(sql).await;
    answer.map_err(|error| EmbeddedError::Refused {
        statement: sql.to_owned(),
        reason: error.to_string(),
    })
}
