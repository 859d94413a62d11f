//! Response bodies out of files.
//!
//! [`respond_file`] is the entry: it looks at the request's connection and picks the way. Small
//! cached files are answered from memory in one write with their head. Others are handed to an
//! HTTP/1 connection through its outbox, which on plain TCP means `sendfile`. HTTP/2 multiplexes
//! frames, so there the body is an ordinary stream of chunks.
//!
//! A handed-over body yields no bytes: middleware that transforms bodies or counts bytes does not
//! see them, and `actix_web::body::to_bytes` would wait for ever. Requests that did not come in
//! through [`crate::serve`] always get the ordinary stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;

use crate::file::{ChunkReader, FilePart, FileRun};
use crate::outbox::{HandOver, Outbox};

/// Up to this size a cached file is copied: two calls, where handing over takes three.
const SMALL_BYTES: usize = 32 * 1024;

/// A response body made of file parts.
#[derive(Debug)]
pub struct FileBody(Kind);

#[derive(Debug)]
enum Kind {
    /// The answer to HEAD: a length and no bytes.
    Head(u64),
    Stream(ChunkReader),
    HandOver(HandOver),
}

impl FileBody {
    /// Makes a body that streams `parts` in order, in chunks of at most 256 KiB.
    ///
    /// Works on any connection; [`respond_file`] knows shorter ways.
    pub fn new(parts: Vec<FilePart>) -> Self {
        Self(Kind::Stream(ChunkReader::new(FileRun::new(parts))))
    }
}

impl MessageBody for FileBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        match &self.0 {
            Kind::Head(len) => BodySize::Sized(*len),
            Kind::Stream(reader) => BodySize::Sized(reader.count_bytes()),
            // The dispatcher counts the bytes of a sized body; it will see none of these.
            Kind::HandOver(_) => BodySize::Stream,
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        match &mut self.0 {
            Kind::Head(_) => Poll::Ready(None),
            Kind::Stream(reader) => reader.poll_chunk(cx),
            Kind::HandOver(hand_over) => {
                Poll::Ready(ready!(hand_over.poll_sent(cx)).err().map(Err))
            }
        }
    }
}

/// Answers `request` with `parts` in order, in the cheapest way its connection has.
///
/// `builder` carries status and headers; `Content-Length` is set here. HEAD gets the length and
/// no bytes. When a file turns out shorter than its part says, the connection (HTTP/2: the stream)
/// is broken off, so that the client notices.
pub fn respond_file(
    request: &HttpRequest,
    mut builder: HttpResponseBuilder,
    parts: Vec<FilePart>,
) -> HttpResponse {
    let run = FileRun::new(parts);
    let len = run.count_bytes();
    if request.method() == Method::HEAD {
        return builder.body(FileBody(Kind::Head(len)));
    }
    if len == 0 {
        return builder.body(Bytes::new());
    }
    if let Some(content) = run.read_small(SMALL_BYTES) {
        return builder.body(content);
    }
    match request.conn_data::<Outbox>() {
        Some(outbox) => builder
            .no_chunking(len)
            .body(FileBody(Kind::HandOver(HandOver::new(outbox.clone(), run)))),
        None => builder.body(FileBody(Kind::Stream(ChunkReader::new(run)))),
    }
}
