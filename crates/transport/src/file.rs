//! Runs of file parts, and reading them without stopping a worker.
//!
//! A [`FileRun`] is what is left to send of a response. It is consumed in two ways: by
//! `sendfile`, which asks [`is_cached`] first and has [`warm`] read cold pages elsewhere, and by
//! [`ChunkReader`], which copies. Both try the page cache with `RWF_NOWAIT` and go to the blocking
//! pool only when the disk is needed, so that a worker never waits for it.
//!
//! A file shorter than promised is always an error, never fewer bytes.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read at once when file content is copied.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// Bytes read at once to bring cold pages into the cache.
const WARM_BYTES: usize = 128 * 1024;

/// A stretch of a file, to be sent as (part of) a response body.
#[derive(Debug, Clone)]
pub struct FilePart {
    /// The open file; it is read at positions, its cursor is neither used nor moved.
    pub file: Arc<File>,
    /// First byte to send.
    pub offset: u64,
    /// Number of bytes to send.
    pub len: u64,
}

/// File parts still to be sent, in order; holds no empty part.
#[derive(Debug)]
pub(crate) struct FileRun {
    parts: VecDeque<FilePart>,
}

impl FileRun {
    pub(crate) fn new(parts: Vec<FilePart>) -> Self {
        Self {
            parts: parts.into_iter().filter(|part| part.len > 0).collect(),
        }
    }

    /// Counts the bytes left.
    pub(crate) fn count_bytes(&self) -> u64 {
        self.parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(part.len))
    }

    pub(crate) fn front(&self) -> Option<&FilePart> {
        self.parts.front()
    }

    /// Takes `len` sent bytes off the front part.
    pub(crate) fn advance(&mut self, len: u64) {
        if let Some(part) = self.parts.front_mut() {
            debug_assert!(len <= part.len, "no more is sent than the part holds");
            part.offset = part.offset.saturating_add(len);
            part.len = part.len.saturating_sub(len);
            if part.len == 0 {
                self.parts.pop_front();
            }
        }
    }

    /// Reads the whole run if it is one part of at most `limit` bytes and in the page cache.
    pub(crate) fn read_small(&self, limit: usize) -> Option<Bytes> {
        let part = self.parts.front().filter(|_| self.parts.len() == 1)?;
        let len = usize::try_from(part.len).ok().filter(|len| *len <= limit)?;
        let mut buffer = BytesMut::zeroed(len);
        match read_cached(&part.file, &mut buffer, part.offset) {
            Ok(read) if read == len => Some(buffer.freeze()),
            _ => None,
        }
    }
}

/// The error of a file that ends before the part does.
pub(crate) fn file_too_short() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "file is shorter than the response promised",
    )
}

/// Limits a length in bytes to what fits `limit`.
pub(crate) fn clamp_len(len: u64, limit: usize) -> usize {
    usize::try_from(len).map_or(limit, |len| len.min(limit))
}

/// Reads what the page cache holds; any error means "ask the blocking pool".
fn read_cached(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    preadv2(
        file,
        &mut [IoSliceMut::new(buffer)],
        offset,
        ReadWriteFlags::NOWAIT,
    )
}

/// Looks whether the first and the last page of a window are in the page cache.
///
/// Pages are read ahead and dropped in long stretches, so two samples a window decide; being wrong
/// costs a short wait, nothing else. A file that ends earlier counts as cached: sending it tells.
pub(crate) fn is_cached(file: &File, offset: u64, len: u64) -> bool {
    let last_byte = offset.saturating_add(len.saturating_sub(1));
    let mut byte = [0];
    read_cached(file, &mut byte, offset).is_ok()
        && (len <= 4096 || read_cached(file, &mut byte, last_byte).is_ok())
}

/// Reads a window on the blocking pool and throws it away: its pages are cached afterwards.
pub(crate) fn warm(file: &Arc<File>, offset: u64, len: u64) -> JoinHandle<io::Result<()>> {
    let file = Arc::clone(file);
    spawn_blocking(move || {
        let mut buffer = vec![0; clamp_len(len, WARM_BYTES)];
        let end = offset.saturating_add(len);
        let mut position = offset;
        while position < end {
            let read = file.read_at(&mut buffer, position)?;
            if read == 0 {
                return Err(file_too_short());
            }
            position = position.saturating_add(u64::try_from(read).map_err(io::Error::other)?);
        }
        Ok(())
    })
}

/// Copies a run out of its files, one chunk of at most [`CHUNK_BYTES`] at a time.
///
/// Holds one chunk, and one buffer to reuse once the previous chunk has been dropped by its
/// receiver: 512 KiB at most.
#[derive(Debug)]
pub(crate) struct ChunkReader {
    run: FileRun,
    reading: Option<JoinHandle<io::Result<BytesMut>>>,
    previous: Option<Bytes>,
}

impl ChunkReader {
    pub(crate) fn new(run: FileRun) -> Self {
        Self {
            run,
            reading: None,
            previous: None,
        }
    }

    /// Counts the bytes left.
    pub(crate) fn count_bytes(&self) -> u64 {
        self.run.count_bytes()
    }

    /// Answers the next chunk, or `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let joined = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                let read = joined.map_err(io::Error::other).flatten();
                return Poll::Ready(Some(read.and_then(|buffer| self.hand_out(buffer))));
            }
            let Some(part) = self.run.front() else {
                return Poll::Ready(None);
            };
            let (file, offset) = (Arc::clone(&part.file), part.offset);
            let mut buffer = reuse(self.previous.take(), clamp_len(part.len, CHUNK_BYTES));
            match read_cached(&file, &mut buffer, offset) {
                Ok(read) => {
                    buffer.truncate(read);
                    return Poll::Ready(Some(self.hand_out(buffer)));
                }
                Err(_) => {
                    self.reading = Some(spawn_blocking(move || {
                        let read = file.read_at(&mut buffer, offset)?;
                        buffer.truncate(read);
                        Ok(buffer)
                    }));
                }
            }
        }
    }

    fn hand_out(&mut self, buffer: BytesMut) -> io::Result<Bytes> {
        if buffer.is_empty() {
            return Err(file_too_short());
        }
        let chunk = buffer.freeze();
        self.run
            .advance(u64::try_from(chunk.len()).map_err(io::Error::other)?);
        self.previous = Some(chunk.clone());
        Ok(chunk)
    }
}

/// Makes a buffer of `len` bytes out of the previous chunk if nobody else holds it any more.
fn reuse(previous: Option<Bytes>, len: usize) -> BytesMut {
    match previous.and_then(|chunk| chunk.try_into_mut().ok()) {
        Some(mut buffer) => {
            buffer.resize(len, 0);
            buffer
        }
        None => BytesMut::zeroed(len),
    }
}
