//! The task that keeps the postmaster running.
//!
//! It owns the child, the folder lock and the published state. When the child ends unasked it
//! ends what is left of it, waits a growing time and starts it again, for as long as it takes:
//! a full disk that has been emptied, or programs that an update has just replaced, need no
//! restart of Slipway. It ends when it is told to, or when [`crate::EmbeddedServer`] is dropped.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use crate::cluster::Site;
use crate::error::EmbeddedError;
use crate::lock::FolderLock;
use crate::postmaster::Postmaster;
use crate::programs::Programs;
use crate::{socket, takeover};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A server that has served this long starts again with the first pause.
const STEADY: Duration = Duration::from_secs(10);
/// From this many failures in a row the state says `Failed`, though tries go on.
const ATTEMPTS_BEFORE_FAILED: u32 = 10;

/// What the server is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// On its way up for the first time.
    Starting,
    /// It takes sessions.
    Ready,
    /// It ended unasked and is being started again.
    Restarting {
        /// Tries since it last served steadily, from 1.
        attempt: u32,
    },
    /// It was stopped as asked.
    Stopped,
    /// Many tries in a row failed, the last as told; tries go on, so `Ready` may follow.
    Failed(String),
}

/// The task's state.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) site: Arc<Site>,
    pub(crate) programs: Programs,
    pub(crate) cluster: PathBuf,
    pub(crate) state: watch::Sender<ServerState>,
    /// Pid of the postmaster; 0 while there is none.
    pub(crate) pid: Arc<AtomicU32>,
    pub(crate) lock: FolderLock,
}

impl Supervisor {
    /// Supervises `postmaster`, which serves, until `stop` is sent or dropped.
    pub(crate) async fn run(
        self,
        postmaster: Postmaster,
        mut stop: oneshot::Receiver<()>,
    ) -> Result<(), EmbeddedError> {
        let mut current = Some(postmaster);
        tokio::select! {
            biased;
            // A dropped sender asks for the same as a message.
            _ = &mut stop => {}
            never = self.keep_running(&mut current) => match never {},
        }
        if let Some(postmaster) = &mut current {
            postmaster.stop().await;
        }
        self.pid.store(0, Ordering::Release);
        // A try that the stop cut short may have left something.
        let cleared = takeover::clear(&self.site.folder.root).await;
        self.state.send_replace(ServerState::Stopped);
        socket::forget(&self.site.folder.root, &self.site.socket_dir);
        drop(self.lock);
        cleared
    }

    /// Starts the server again whenever it ends.
    async fn keep_running(&self, current: &mut Option<Postmaster>) -> std::convert::Infallible {
        let mut attempt = 0_u32;
        loop {
            let served_from = Instant::now();
            if let Some(postmaster) = current.as_mut() {
                let ended = postmaster.wait().await;
                tracing::error!(?ended, "PostgreSQL ended unasked; starting it again");
            }
            *current = None;
            self.pid.store(0, Ordering::Release);
            if served_from.elapsed() > STEADY {
                attempt = 0;
            }
            while current.is_none() {
                attempt = attempt.saturating_add(1);
                if attempt <= ATTEMPTS_BEFORE_FAILED {
                    self.state.send_replace(ServerState::Restarting { attempt });
                }
                sleep(pause_before(attempt)).await;
                if let Err(error) = self.start_again(current).await {
                    *current = None;
                    self.report_failure(attempt, &error);
                }
            }
            self.state.send_replace(ServerState::Ready);
            tracing::info!(postgres.attempt = attempt, "PostgreSQL serves again");
        }
    }

    /// One try; `current` holds the postmaster from the moment it runs, so that a stop finds it.
    async fn start_again(&self, current: &mut Option<Postmaster>) -> Result<(), EmbeddedError> {
        takeover::clear(&self.site.folder.root).await?;
        let spawned = Postmaster::spawn(&self.site, &self.programs, &self.cluster, &[])?;
        let postmaster = current.insert(spawned);
        self.pid
            .store(postmaster.pid().unwrap_or(0), Ordering::Release);
        let ready = postmaster
            .wait_ready(&self.site, &self.site.main_socket())
            .await;
        if ready.is_err() {
            self.pid.store(0, Ordering::Release);
            postmaster.stop().await;
        }
        ready
    }

    fn report_failure(&self, attempt: u32, error: &EmbeddedError) {
        tracing::error!(postgres.attempt = attempt, %error, "PostgreSQL did not start again");
        if attempt >= ATTEMPTS_BEFORE_FAILED {
            self.state
                .send_replace(ServerState::Failed(error.to_string()));
        }
    }
}

/// Doubles from a tenth of a second up to five seconds.
fn pause_before(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<u128> = (1..=8)
            .map(|attempt| pause_before(attempt).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause_before(u32::MAX), LONGEST_PAUSE);
    }
}
