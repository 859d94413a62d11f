//! Moving a run of file parts onto a connection, by the shortest way the connection has.
//!
//! On plain TCP that is `sendfile(2)`: no byte enters the process. On TLS the content must be
//! encrypted here, so chunks are read and written to the TLS stream without the detour through the
//! dispatcher's buffer.
//!
//! One poll sends at most [`SENDFILE_BUDGET`] or one chunk before it lets the worker's other
//! connections run; a full socket parks the task until it is writable. Neither memory nor calls
//! grow with a slow reader.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use rustix::fs::sendfile;
use tokio::io::{AsyncWrite, Interest};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::connection::Link;
use crate::file::{ChunkReader, FileRun, clamp_len, file_too_short, is_cached, warm};

/// Bytes sent in one poll; half a millisecond of a worker at memory speed.
const SENDFILE_BUDGET: usize = 1024 * 1024;

/// A file response under way.
#[derive(Debug)]
pub(crate) enum Transfer {
    Kernel(KernelTransfer),
    Copy(CopyTransfer),
}

impl Transfer {
    pub(crate) fn new(run: FileRun, link: &Link) -> Self {
        match link {
            Link::Plain(_) => Self::Kernel(KernelTransfer::new(run)),
            Link::Tls(_) => Self::Copy(CopyTransfer {
                reader: ChunkReader::new(run),
                chunk: Bytes::new(),
            }),
        }
    }

    /// Sends on; ready when every byte is with the socket.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, link: &mut Link) -> Poll<io::Result<()>> {
        match (self, link) {
            (Self::Kernel(transfer), Link::Plain(tcp)) => transfer.poll(cx, tcp),
            (Self::Copy(transfer), link) => transfer.poll(cx, link),
            (Self::Kernel(_), Link::Tls(_)) => Poll::Ready(Err(io::Error::other(
                "plain transfer on an encrypted connection",
            ))),
        }
    }
}

/// Sends with `sendfile`, window by window.
#[derive(Debug)]
pub(crate) struct KernelTransfer {
    run: FileRun,
    /// Bytes of the front part known to be in the page cache.
    cached_bytes: u64,
    warming: Option<(JoinHandle<io::Result<()>>, u64)>,
}

impl KernelTransfer {
    fn new(run: FileRun) -> Self {
        Self {
            run,
            cached_bytes: 0,
            warming: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, tcp: &TcpStream) -> Poll<io::Result<()>> {
        let mut budget = SENDFILE_BUDGET;
        loop {
            ready!(self.poll_cached(cx))?;
            let Some(part) = self.run.front() else {
                return Poll::Ready(Ok(()));
            };
            if budget == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(tcp.poll_write_ready(cx))?;
            let mut offset = part.offset;
            let count = clamp_len(self.cached_bytes.min(part.len), budget);
            let result = tcp.try_io(Interest::WRITABLE, || {
                sendfile(tcp, &part.file, Some(&mut offset), count).map_err(io::Error::from)
            });
            match result {
                Ok(0) => return Poll::Ready(Err(file_too_short())),
                Ok(sent) => {
                    budget = budget.saturating_sub(sent);
                    let sent_bytes = u64::try_from(sent).map_err(io::Error::other)?;
                    self.cached_bytes = self.cached_bytes.saturating_sub(sent_bytes);
                    self.run.advance(sent_bytes);
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Makes sure that the next window is in the page cache; ready at once when it is.
    fn poll_cached(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some((task, window_bytes)) = &mut self.warming {
            let warmed = ready!(Pin::new(task).poll(cx));
            self.cached_bytes = *window_bytes;
            self.warming = None;
            return Poll::Ready(warmed.map_err(io::Error::other).flatten());
        }
        if self.cached_bytes > 0 {
            return Poll::Ready(Ok(()));
        }
        let Some(part) = self.run.front() else {
            return Poll::Ready(Ok(()));
        };
        let window_len = clamp_len(part.len, SENDFILE_BUDGET);
        let window_bytes = u64::try_from(window_len).map_err(io::Error::other)?;
        if is_cached(&part.file, part.offset, window_bytes) {
            self.cached_bytes = window_bytes;
            return Poll::Ready(Ok(()));
        }
        let mut task = warm(&Arc::clone(&part.file), part.offset, window_bytes);
        match Pin::new(&mut task).poll(cx) {
            Poll::Ready(warmed) => {
                self.cached_bytes = window_bytes;
                Poll::Ready(warmed.map_err(io::Error::other).flatten())
            }
            Poll::Pending => {
                self.warming = Some((task, window_bytes));
                Poll::Pending
            }
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Sends by reading chunks and writing them to the (encrypting) stream.
#[derive(Debug)]
pub(crate) struct CopyTransfer {
    reader: ChunkReader,
    chunk: Bytes,
}

impl CopyTransfer {
    fn poll(&mut self, cx: &mut Context<'_>, link: &mut Link) -> Poll<io::Result<()>> {
        let mut may_read = true;
        loop {
            while !self.chunk.is_empty() {
                let written = ready!(Pin::new(&mut *link).poll_write(cx, &self.chunk))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.chunk.advance(written);
            }
            self.chunk = Bytes::new();
            if !may_read {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match ready!(self.reader.poll_chunk(cx)) {
                Some(chunk) => self.chunk = chunk?,
                None => return Poll::Ready(Ok(())),
            }
            may_read = false;
        }
    }
}
