//! Mailboxes, the directory and the queue of writes, with actors made for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::prelude::*;
use slipway_actors::kernel::{Directory, DispatchError, Fifo, HasFifo, Mailbox, enqueue};

use crate::support::in_system;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(10);

struct Worker {
    fifo: Fifo<Self>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Worker {
    fn new(capacity: usize) -> Self {
        Self {
            fifo: Fifo::new(capacity),
            log: Arc::default(),
        }
    }
}

impl Actor for Worker {
    type Context = Context<Self>;
}

impl HasFifo for Worker {
    fn fifo(&mut self) -> &mut Fifo<Self> {
        &mut self.fifo
    }
}

#[derive(Message)]
#[rtype(result = "Result<usize, DispatchError>")]
struct Ping;

impl Handler<Ping> for Worker {
    type Result = Result<usize, DispatchError>;

    fn handle(&mut self, _: Ping, _: &mut Context<Self>) -> Self::Result {
        Ok(self.fifo.len())
    }
}

#[derive(Message)]
#[rtype(result = "Result<(), DispatchError>")]
struct Sleep(Duration);

impl Handler<Sleep> for Worker {
    type Result = ResponseFuture<Result<(), DispatchError>>;

    fn handle(&mut self, msg: Sleep, _: &mut Context<Self>) -> Self::Result {
        Box::pin(async move {
            tokio::time::sleep(msg.0).await;
            Ok(())
        })
    }
}

#[derive(Message)]
#[rtype(result = "Result<(), DispatchError>")]
enum Break {
    InHandler,
    InWrite,
}

impl Handler<Break> for Worker {
    type Result = ResponseFuture<Result<(), DispatchError>>;

    fn handle(&mut self, msg: Break, ctx: &mut Context<Self>) -> Self::Result {
        match msg {
            Break::InHandler => panic!("asked for"),
            Break::InWrite => enqueue(
                self,
                ctx,
                |_| async { panic!("asked for") },
                |_, outcome: Result<(), DispatchError>| outcome,
            ),
        }
    }
}

#[derive(Message)]
#[rtype(result = "Result<usize, DispatchError>")]
struct Write(usize);

impl Handler<Write> for Worker {
    type Result = ResponseFuture<Result<usize, DispatchError>>;

    fn handle(&mut self, msg: Write, ctx: &mut Context<Self>) -> Self::Result {
        let (number, log) = (msg.0, Arc::clone(&self.log));
        enqueue(
            self,
            ctx,
            move |_| {
                log.lock().unwrap().push(format!("start {number}"));
                async move {
                    // Later ones are quicker, so they would overtake if they could.
                    let pause = u64::try_from(number % 7).unwrap();
                    tokio::time::sleep(Duration::from_millis(7 - pause)).await;
                    Ok(number)
                }
            },
            move |actor: &mut Self, outcome: Result<usize, DispatchError>| {
                actor.log.lock().unwrap().push(format!("end {number}"));
                outcome
            },
        )
    }
}

#[test]
fn a_full_mailbox_refuses_at_once() {
    in_system(async {
        let arbiter = Arbiter::new().handle();
        let mailbox = Mailbox::start(&arbiter, 3, |_| Worker::new(1));
        let asks: Vec<_> = (0..3)
            .map(|_| {
                let mailbox = mailbox.clone();
                actix::spawn(async move { mailbox.ask(Sleep(SHORT * 3), LONG).await })
            })
            .collect();
        while mailbox.waiting() < 3 {
            tokio::task::yield_now().await;
        }
        let refused = mailbox.ask(Ping, LONG).await;
        assert!(matches!(refused, Err(DispatchError::Full)), "{refused:?}");
        for ask in asks {
            ask.await.unwrap().unwrap();
        }
        assert_eq!(mailbox.waiting(), 0);
        mailbox.ask(Ping, LONG).await.unwrap();
    });
}

#[derive(Message)]
#[rtype(result = "()")]
struct Block(std::sync::mpsc::Receiver<()>);

impl Handler<Block> for Worker {
    type Result = ();

    fn handle(&mut self, msg: Block, _: &mut Context<Self>) {
        let _released = msg.0.recv().is_err();
    }
}

#[test]
fn telling_never_waits() {
    in_system(async {
        let arbiter = Arbiter::new().handle();
        let mailbox = Mailbox::start(&arbiter, 4, |_| Worker::new(1));
        mailbox.ask(Ping, LONG).await.unwrap();
        let (release, blocked) = std::sync::mpsc::channel();
        mailbox.tell(Block(blocked)).unwrap();
        let told = (0..100).find_map(|number| {
            let (_, over) = std::sync::mpsc::channel();
            mailbox.tell(Block(over)).err().map(|error| (number, error))
        });
        let (taken, error) = told.unwrap();
        assert!(matches!(error, DispatchError::Full), "{error:?}");
        assert!(taken <= 16, "{taken} messages were taken");
        drop(release);
        mailbox.ask(Ping, LONG).await.unwrap();
    });
}

#[test]
fn an_answer_that_is_late_is_not_waited_for() {
    in_system(async {
        let arbiter = Arbiter::new().handle();
        let mailbox = Mailbox::start(&arbiter, 3, |_| Worker::new(1));
        let late = mailbox.ask(Sleep(LONG), SHORT).await;
        assert!(
            matches!(late, Err(DispatchError::Deadline(SHORT))),
            "{late:?}"
        );
        assert_eq!(mailbox.waiting(), 0, "its place is free again");
        mailbox.ask(Ping, LONG).await.unwrap();
    });
}

fn break_fifty_times(make_break: fn() -> Break, is_expected: fn(&DispatchError) -> bool) {
    in_system(async move {
        let arbiters = vec![Arbiter::new().handle(), Arbiter::new().handle()];
        let directory: Directory<&str, Worker> = Directory::new(arbiters, 10, 10);
        let made = Arc::new(AtomicUsize::new(0));
        let make = || {
            let made = Arc::clone(&made);
            move || {
                made.fetch_add(1, Ordering::Relaxed);
                Worker::new(1)
            }
        };
        for round in 1..=50 {
            directory.ask(&"key", make(), Ping, LONG).await.unwrap();
            directory.ask(&"key", make(), Ping, LONG).await.unwrap();
            assert_eq!(made.load(Ordering::Relaxed), round);
            let broken = directory.ask(&"key", make(), make_break(), LONG).await;
            let error = broken.unwrap_err();
            assert!(is_expected(&error), "{error:?}");
            assert_eq!(directory.len(), 0, "a dead actor is forgotten");
        }
    });
}

#[test]
fn an_actor_that_died_on_a_message_is_replaced() {
    break_fifty_times(
        || Break::InHandler,
        |error| matches!(error, DispatchError::Gone),
    );
}

#[test]
fn an_actor_whose_write_panicked_is_replaced() {
    break_fifty_times(
        || Break::InWrite,
        |error| matches!(error, DispatchError::Panicked),
    );
}

#[test]
fn writes_run_one_after_the_other_in_their_order() {
    in_system(async {
        let arbiter = Arbiter::new().handle();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = Arc::clone(&log);
        let mailbox = Mailbox::start(&arbiter, 200, |_| Worker {
            fifo: Fifo::new(100),
            log: shared,
        });
        let writes = (0..50).map(|number| mailbox.ask(Write(number), LONG));
        let answers = futures_util::future::join_all(writes).await;
        let answers: Vec<usize> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, Vec::from_iter(0..50));
        let wanted: Vec<String> = (0..50)
            .flat_map(|number| [format!("start {number}"), format!("end {number}")])
            .collect();
        assert_eq!(*log.lock().unwrap(), wanted);
    });
}

#[test]
fn a_full_queue_of_writes_refuses_and_reads_go_on() {
    in_system(async {
        let arbiter = Arbiter::new().handle();
        let mailbox = Mailbox::start(&arbiter, 200, |_| Worker::new(3));
        let writes = (0..10).map(|number| mailbox.ask(Write(number), LONG));
        let (answers, waiting) = futures_util::future::join(
            futures_util::future::join_all(writes),
            mailbox.ask(Ping, LONG),
        )
        .await;
        // One runs, three wait.
        assert_eq!(waiting.unwrap(), 4);
        let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(taken.len(), 4);
        for error in refused.into_iter().map(Result::unwrap_err) {
            assert!(matches!(error, DispatchError::Full), "{error:?}");
        }
    });
}

#[test]
fn the_directory_forgets_the_idlest() {
    in_system(async {
        let directory: Directory<usize, Worker> =
            Directory::new(vec![Arbiter::new().handle()], 32, 10);
        for key in 0..32 {
            directory
                .ask(&key, || Worker::new(1), Ping, LONG)
                .await
                .unwrap();
        }
        directory
            .ask(&0, || Worker::new(1), Ping, LONG)
            .await
            .unwrap();
        directory
            .ask(&99, || Worker::new(1), Ping, LONG)
            .await
            .unwrap();
        let mut keys: Vec<usize> = directory.list().into_iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        let mut wanted = vec![0];
        wanted.extend(3..32);
        wanted.push(99);
        assert_eq!(keys, wanted, "the sixteenth used longest ago went");
    });
}
