//! Deadlines of a connection that the HTTP library leaves open.
//!
//! The HTTP/1 dispatcher bounds the first request head and the idle time after a complete request,
//! but not a second head that begins and never ends; HTTP/2 connections it keeps as long as pings
//! are answered, and it does not end them in a graceful stop. A [`Watch`] knows how many requests
//! of its connection are running and, while none is, until when that may stay so. [`Watched`]
//! drives the connection and ends it when the time is over: HTTP/1 by dropping it, HTTP/2 with a
//! farewell (see [`crate::connection`]), since its client may be sending at that moment.
//!
//! Bytes that the socket has not taken yet count like a running request.
//!
//! Clock readings happen only when the number of running requests changes or a head begins.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_server::GracefulShutdownSignal;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::peer::HttpVersion;
use crate::settings::TransportSettings;

/// Lets the HTTP/1 dispatcher, whose clock ticks twice a second, close first and properly.
const GRACE: Duration = Duration::from_secs(1);

/// How long the client of an HTTP/2 connection that is being ended may take to close its half.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// How many requests run on a connection, and until when it may stay without.
#[derive(Debug)]
pub(crate) struct Watch {
    version: HttpVersion,
    idle_timeout: Duration,
    header_timeout: Duration,
    running: Cell<usize>,
    is_head_begun: Cell<bool>,
    deadline: Cell<Option<Instant>>,
    is_draining: Cell<bool>,
    is_closing: Cell<bool>,
    is_unflushed: Cell<bool>,
    is_blocked: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl Watch {
    pub(crate) fn new(version: HttpVersion, settings: &TransportSettings) -> Self {
        // The dispatcher answers a late first head of HTTP/1 itself, with 408.
        let deadline = match version {
            HttpVersion::Http1 => None,
            HttpVersion::Http2 if settings.keep_alive.is_zero() => {
                moment_after(settings.header_timeout).filter(|_| !settings.header_timeout.is_zero())
            }
            HttpVersion::Http2 => moment_after(settings.keep_alive),
        };
        let grace = if version == HttpVersion::Http1 {
            GRACE
        } else {
            Duration::ZERO
        };
        Self {
            version,
            idle_timeout: settings.keep_alive.saturating_add(grace),
            header_timeout: settings.header_timeout,
            running: Cell::new(0),
            is_head_begun: Cell::new(true),
            deadline: Cell::new(deadline),
            is_draining: Cell::new(false),
            is_closing: Cell::new(false),
            is_unflushed: Cell::new(false),
            is_blocked: Cell::new(false),
            task: RefCell::new(None),
        }
    }

    /// Notes that bytes arrived; without a running request they begin a request head.
    pub(crate) fn note_read(&self) {
        if self.version == HttpVersion::Http1
            && self.running.get() == 0
            && !self.is_head_begun.replace(true)
            && !self.header_timeout.is_zero()
        {
            self.deadline.set(moment_after(self.header_timeout));
        }
    }

    /// Notes bytes on their way out; not taken means that the client reads too slowly.
    pub(crate) fn note_write(&self, is_taken: bool) {
        self.is_unflushed.set(true);
        if !is_taken {
            self.is_blocked.set(true);
        }
    }

    /// Notes that every byte has left. If that had to wait, the client's time to ask again begins
    /// only now: it was busy reading.
    pub(crate) fn note_flushed(&self) {
        self.is_unflushed.set(false);
        if self.is_blocked.replace(false)
            && self.deadline.get().is_some()
            && !self.is_head_begun.get()
        {
            self.deadline.set(moment_after(self.idle_timeout));
        }
    }

    /// Whether the connection is to say farewell.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    fn begin_closing(&self) {
        self.is_closing.set(true);
        self.is_head_begun.set(true);
        self.deadline.set(moment_after(FAREWELL_TIMEOUT));
    }
}

/// The moment `timeout` from now; none when the clock does not reach that far.
fn moment_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// One running request, from the call of the application to the end of the response body.
#[derive(Debug)]
pub(crate) struct Running(Rc<Watch>);

impl Running {
    pub(crate) fn begin(watch: &Rc<Watch>) -> Self {
        watch.running.set(watch.running.get().saturating_add(1));
        watch.deadline.set(None);
        Self(Rc::clone(watch))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let watch = &self.0;
        let left = watch.running.get().saturating_sub(1);
        watch.running.set(left);
        if left > 0 {
            return;
        }
        watch.is_head_begun.set(false);
        watch.deadline.set(moment_after(watch.idle_timeout));
        // Requests of HTTP/2 run in tasks of their own.
        if watch.version == HttpVersion::Http2
            && let Some(task) = watch.task.borrow().as_ref()
        {
            task.wake_by_ref();
        }
    }
}

pin_project! {
    /// A response body that keeps its request counted as running.
    pub(crate) struct RunningBody<B> {
        #[pin]
        body: B,
        running: Option<Running>,
    }
}

impl<B> RunningBody<B> {
    pub(crate) fn new(body: B, running: Option<Running>) -> Self {
        Self { body, running }
    }
}

impl<B: MessageBody> MessageBody for RunningBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.project().body.poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, running } = self;
        body.try_into_bytes().map_err(|body| Self { body, running })
    }
}

type Signal = Pin<Box<dyn Future<Output = ()>>>;

pin_project! {
    /// A connection being served, until it ends or its watch says that its time is over.
    pub(crate) struct Watched<F> {
        #[pin]
        serving: F,
        watch: Rc<Watch>,
        timer: Option<Pin<Box<Sleep>>>,
        drain: Option<Signal>,
    }
}

impl<F> Watched<F> {
    pub(crate) fn new(serving: F, watch: Rc<Watch>, drain: &GracefulShutdownSignal) -> Self {
        let drain = (watch.version == HttpVersion::Http2).then(|| {
            let signal = drain.clone();
            Box::pin(async move { signal.notified().await }) as Signal
        });
        Self {
            serving,
            watch,
            timer: None,
            drain,
        }
    }
}

impl<F, E> Future for Watched<F>
where
    F: Future<Output = Result<(), E>>,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(served) = this.serving.poll(cx) {
            return Poll::Ready(served);
        }
        if let Some(signal) = this.drain {
            this.watch
                .task
                .borrow_mut()
                .get_or_insert_with(|| cx.waker().clone());
            if signal.as_mut().poll(cx).is_ready() {
                this.watch.is_draining.set(true);
                *this.drain = None;
            }
        }
        let watch: &Watch = this.watch;
        if watch.running.get() > 0 || watch.is_unflushed.get() {
            return Poll::Pending;
        }
        let is_drained = watch.is_draining.get() && !watch.is_closing.get();
        if !is_drained && poll_deadline(watch, this.timer, cx).is_pending() {
            return Poll::Pending;
        }
        if watch.version == HttpVersion::Http1 || watch.is_closing.get() {
            return Poll::Ready(Ok(()));
        }
        watch.begin_closing();
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Ready when the watch's deadline has passed.
///
/// The timer is moved only to an earlier moment, or on from a moment that has come; a busy
/// connection, whose deadline moves back with each request, leaves it alone.
fn poll_deadline(
    watch: &Watch,
    timer: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    while let Some(deadline) = watch.deadline.get() {
        let sleep = timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        if sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        sleep.as_mut().reset(deadline);
    }
    Poll::Pending
}
