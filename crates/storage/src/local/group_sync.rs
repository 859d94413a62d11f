//! One folder sync for all who wait for it.
//!
//! A sync started before a file was made may miss it, so a waiter needs one that starts after its
//! call. Waiters that arrive while a sync runs share the next one; however many they are, at most
//! two syncs pass before the last of them is served. The syncs run on one thread of the blocking
//! pool back to back; a waiter that goes away stops nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::{StorageError, StorageErrorKind};

type Verdict = Result<(), StorageError>;
type Work = dyn Fn() -> Verdict + Send + Sync;

/// Groups concurrent calls of one blocking piece of work.
pub(super) struct GroupSync {
    shared: Arc<Shared>,
}

struct Shared {
    work: Box<Work>,
    state: Mutex<State>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    running: bool,
    /// The round that has not started: everyone who comes now waits for it.
    next: Option<watch::Sender<Option<Verdict>>>,
}

impl GroupSync {
    pub(super) fn new(work: impl Fn() -> Verdict + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                work: Box::new(work),
                state: Mutex::default(),
            }),
        }
    }

    /// Waits for one run of the work that starts after this call.
    pub(super) async fn sync(&self) -> Verdict {
        let mut round = self.join();
        let verdict = round
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|verdict| verdict.clone());
        verdict.unwrap_or_else(|| {
            let text = "the sync was abandoned";
            Err(StorageError::new(
                StorageErrorKind::Internal,
                "sync",
                "a folder",
                text,
            ))
        })
    }

    fn join(&self) -> watch::Receiver<Option<Verdict>> {
        let mut state = self.shared.lock();
        let receiver = state
            .next
            .get_or_insert_with(|| watch::Sender::new(None))
            .subscribe();
        if !state.running {
            state.running = true;
            let shared = Arc::clone(&self.shared);
            let runner = Runner {
                shared,
                round: None,
                finished: false,
            };
            // The handle is not needed: the verdict travels by the round.
            drop(tokio::task::spawn_blocking(move || runner.run()));
        }
        receiver
    }
}

struct Runner {
    shared: Arc<Shared>,
    /// The round being run. A field, so that a panic drops it after `drop` has put the state
    /// right: its waiters may call again at once.
    round: Option<watch::Sender<Option<Verdict>>>,
    finished: bool,
}

impl Runner {
    fn run(mut self) {
        while self.start_round() {
            let verdict = (self.shared.work)();
            if let Some(round) = self.round.take() {
                round.send_replace(Some(verdict));
            }
        }
    }

    fn start_round(&mut self) -> bool {
        let mut state = self.shared.lock();
        self.round = state.next.take();
        if self.round.is_none() {
            state.running = false;
            self.finished = true;
        }
        self.round.is_some()
    }
}

/// A runner that never ran (shut-down) or panicked must not leave waiters behind for ever.
impl Drop for Runner {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.shared.lock();
            state.running = false;
            state.next = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    /// Work that reports each start and then waits to be let go.
    fn gated() -> (Arc<GroupSync>, mpsc::Receiver<()>, mpsc::Sender<Verdict>) {
        let (started, starts) = mpsc::channel();
        let (release, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let group = GroupSync::new(move || {
            started.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap()
        });
        (Arc::new(group), starts, release)
    }

    fn spawn_waiter(group: &Arc<GroupSync>) -> tokio::task::JoinHandle<Verdict> {
        let mut round = group.join();
        tokio::spawn(async move {
            round
                .wait_for(Option::is_some)
                .await
                .unwrap()
                .clone()
                .unwrap()
        })
    }

    #[tokio::test]
    async fn waiters_that_come_during_a_sync_share_one_later_sync() {
        let (group, starts, release) = gated();
        let first = spawn_waiter(&group);
        starts.recv().unwrap();
        let later: Vec<_> = (0..50).map(|_| spawn_waiter(&group)).collect();

        release.send(Ok(())).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        starts.recv().unwrap();
        assert!(later.iter().all(|waiter| !waiter.is_finished()));
        release.send(Ok(())).unwrap();
        for waiter in later {
            assert_eq!(waiter.await.unwrap(), Ok(()));
        }
        assert!(starts.try_recv().is_err(), "51 waiters took two syncs");
    }

    #[tokio::test]
    async fn a_failure_reaches_its_own_round_only() {
        let (group, starts, release) = gated();
        let first = spawn_waiter(&group);
        starts.recv().unwrap();
        let second = spawn_waiter(&group);
        let broken = StorageError::new(StorageErrorKind::Internal, "sync", "x", "broken disk");
        release.send(Err(broken.clone())).unwrap();
        release.send(Ok(())).unwrap();
        assert_eq!(first.await.unwrap(), Err(broken));
        assert_eq!(second.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_panic_fails_the_waiter_and_the_next_call_works() {
        let calls = AtomicUsize::new(0);
        let group = GroupSync::new(move || {
            assert!(calls.fetch_add(1, Ordering::Relaxed) > 0, "first call");
            Ok(())
        });
        assert!(group.sync().await.is_err());
        assert_eq!(group.sync().await, Ok(()));
    }
}
