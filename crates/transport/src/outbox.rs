//! Where a response body hands files to its connection.
//!
//! The HTTP/1 dispatcher copies every body through its write buffer. To let the kernel (or at
//! least the TLS layer) take the bytes straight from the file, the body of a file response hands
//! its [`FileRun`] over here and then yields nothing until the connection has sent it:
//!
//! 1. the body is polled the first time: `Idle` → `Queued`;
//! 2. the dispatcher writes the response head out of its buffer, then flushes the connection:
//!    `Queued` → `Sending`. So the head always precedes the file;
//! 3. the last byte is sent, or sending failed: `Sending` → `Sent`, and the body is woken;
//! 4. the body ends: `Sent` → `Idle`, and only now the dispatcher looks at the next request, so no
//!    later response overtakes the file.
//!
//! A body dropped between 1 and 4 leaves `Abandoned`: the promised length cannot be kept, and the
//! connection fails at its next write or flush. Body and connection live in one task; nothing here is held
//! across a suspension.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use crate::connection::Link;
use crate::file::FileRun;
use crate::transfer::Transfer;

#[derive(Debug)]
enum State {
    Idle,
    Queued(FileRun, Waker),
    Sending(Transfer, Waker),
    Sent(io::Result<()>),
    Abandoned,
}

/// The hand-over place of one HTTP/1 connection; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Rc<RefCell<State>>);

impl Outbox {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(State::Idle)))
    }

    /// Whether a file follows the bytes that the dispatcher is writing.
    pub(crate) fn is_queued(&self) -> bool {
        matches!(*self.0.borrow(), State::Queued(..))
    }

    /// Whether nothing else may be written: a file is under way, or one was promised and given up.
    pub(crate) fn is_reserved(&self) -> bool {
        matches!(*self.0.borrow(), State::Sending(..) | State::Abandoned)
    }

    /// Sends the queued file, if any; ready once nothing is left to send.
    ///
    /// # Errors
    /// The error that ended the transfer, or an aborted connection when the body gave up.
    pub(crate) fn poll_send(&self, cx: &mut Context<'_>, link: &mut Link) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        if matches!(*state, State::Queued(..))
            && let State::Queued(run, waker) = std::mem::replace(&mut *state, State::Abandoned)
        {
            *state = State::Sending(Transfer::new(run, link), waker);
        }
        match &mut *state {
            State::Sending(transfer, _) => {
                let sent = ready!(transfer.poll(cx, link));
                let failure = sent.as_ref().err().map(io::Error::kind);
                if let State::Sending(_, waker) = std::mem::replace(&mut *state, State::Sent(sent))
                {
                    waker.wake();
                }
                Poll::Ready(failure.map_or(Ok(()), |kind| Err(kind.into())))
            }
            State::Abandoned => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            State::Idle | State::Queued(..) | State::Sent(_) => Poll::Ready(Ok(())),
        }
    }
}

/// The body's half of a hand-over.
#[derive(Debug)]
pub(crate) struct HandOver {
    outbox: Outbox,
    run: Option<FileRun>,
    is_queued: bool,
}

impl HandOver {
    pub(crate) fn new(outbox: Outbox, run: FileRun) -> Self {
        Self {
            outbox,
            run: Some(run),
            is_queued: false,
        }
    }

    /// Hands the run over at the first call; ready once the connection has sent it.
    pub(crate) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.outbox.0.borrow_mut();
        if let Some(run) = self.run.take() {
            if !matches!(*state, State::Idle) {
                return Poll::Ready(Err(io::Error::other("connection already sends a file")));
            }
            *state = State::Queued(run, cx.waker().clone());
            self.is_queued = true;
            return Poll::Pending;
        }
        match &mut *state {
            State::Queued(_, waker) | State::Sending(_, waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
            State::Sent(_) => {
                self.is_queued = false;
                match std::mem::replace(&mut *state, State::Idle) {
                    State::Sent(sent) => Poll::Ready(sent),
                    _ => Poll::Ready(Ok(())),
                }
            }
            State::Idle | State::Abandoned => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        if self.is_queued {
            *self.outbox.0.borrow_mut() = State::Abandoned;
        }
    }
}
