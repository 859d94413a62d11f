//! The byte stream of one connection, as the HTTP dispatchers see it.
//!
//! [`Link`] is the socket, encrypted or not. [`Connection`] puts two things on top: the
//! [`Outbox`], through which responses send files past the dispatcher, and the [`Watch`], which
//! learns from the reads when a request head has begun to arrive.
//!
//! When the watch ends an idle HTTP/2 connection, the connection tells the client to ask elsewhere
//! (GOAWAY), closes its half, and goes on reading: closing with unread bytes would reset the
//! connection and could destroy what is still on its way out.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use rustix::net::{SendFlags, send};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::outbox::Outbox;
use crate::peer::{HttpVersion, PeerInfo};
use crate::watch::Watch;

/// The HTTP/2 frame GOAWAY (RFC 9113, 6.8): no error, and any stream may have been processed.
///
/// Written past the HTTP/2 library, which offers it only to the owner of its connection. That is
/// sound because the watch asks for it only while every earlier frame has left completely.
const GOAWAY: [u8; 17] = [
    0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0,
];

/// A socket, plain or under TLS.
#[derive(Debug)]
pub(crate) enum Link {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One accepted connection.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Link,
    outbox: Outbox,
    watch: Rc<Watch>,
    peer: PeerInfo,
    /// Bytes of the farewell already written; `None` once it is complete.
    farewell_written: Option<usize>,
}

impl Connection {
    pub(crate) fn new(link: Link, peer: PeerInfo, watch: Watch) -> Self {
        Self {
            link,
            outbox: Outbox::new(),
            watch: Rc::new(watch),
            peer,
            farewell_written: Some(0),
        }
    }

    pub(crate) fn peer(&self) -> &PeerInfo {
        &self.peer
    }

    /// The hand-over place for files; HTTP/2 has none, its frames take turns.
    pub(crate) fn outbox(&self) -> Option<&Outbox> {
        (self.peer.version == HttpVersion::Http1).then_some(&self.outbox)
    }

    pub(crate) fn watch(&self) -> &Rc<Watch> {
        &self.watch
    }

    /// Waits while a file is being sent: it must not be interleaved with other bytes.
    fn poll_before_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outbox.is_reserved() {
            return self.outbox.poll_send(cx, &mut self.link);
        }
        Poll::Ready(Ok(()))
    }

    /// Says that no more requests are taken, and closes the outgoing half.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(written) = self.farewell_written {
            match GOAWAY.get(written..) {
                None | Some([]) => {
                    ready!(Pin::new(&mut self.link).poll_shutdown(cx))?;
                    self.farewell_written = None;
                }
                Some(rest) => {
                    let sent = ready!(Pin::new(&mut self.link).poll_write(cx, rest))?;
                    if sent == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.farewell_written = Some(written.saturating_add(sent));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.watch.is_closing()
            && let Poll::Ready(Err(error)) = self.poll_farewell(cx)
        {
            return Poll::Ready(Err(error));
        }
        let filled_before = buffer.filled().len();
        ready!(Pin::new(&mut self.link).poll_read(cx, buffer))?;
        if buffer.filled().len() > filled_before {
            self.watch.note_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_before_write(cx))?;
        let is_file_next = self.outbox.is_queued();
        let written = match &mut self.link {
            Link::Plain(tcp) if is_file_next => poll_send_more(tcp, cx, bytes),
            link => Pin::new(link).poll_write(cx, bytes),
        };
        self.watch.note_write(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_before_write(cx))?;
        let written = Pin::new(&mut self.link).poll_write_vectored(cx, slices);
        self.watch.note_write(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.link.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.outbox.poll_send(cx, &mut this.link))?;
        ready!(Pin::new(&mut this.link).poll_flush(cx))?;
        this.watch.note_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.link).poll_shutdown(cx)
    }
}

/// Writes a response head that file content follows, so that both share packets.
fn poll_send_more(tcp: &TcpStream, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        let result = tcp.try_io(Interest::WRITABLE, || {
            send(tcp, bytes, SendFlags::MORE | SendFlags::NOSIGNAL).map_err(io::Error::from)
        });
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return Poll::Ready(sent),
        }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
