//! The reading side: which pieces of which segments a range covers, and local parts as a stream.
//!
//! A local read answers open files with offsets, so that the caller may use sendfile. Where it
//! cannot (TLS, HTTP/2), [`stream_parts`] reads them: without a thread while the page cache has
//! the bytes, on the blocking pool when it has not. Buffers are used again within a stream, so a
//! stream holds about two chunks however long the blob is.

use std::collections::VecDeque;
use std::fs::File;
use std::io::IoSliceMut;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use rustix::io::{Errno, ReadWriteFlags};

use crate::error::{StorageError, StorageErrorKind};
use crate::key::{Segment, SegmentKey};

/// A range of a blob, ready to be sent.
pub enum BlobRead {
    /// Parts of open files, in order.
    Local(Vec<LocalPart>),
    /// The bytes themselves, in order.
    Stream(BoxStream<'static, Result<Bytes, StorageError>>),
}

impl std::fmt::Debug for BlobRead {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local(parts) => out.debug_tuple("Local").field(parts).finish(),
            Self::Stream(_) => out.write_str("Stream"),
        }
    }
}

impl BlobRead {
    /// The bytes as a stream, whichever way they come.
    #[must_use]
    pub fn into_stream(
        self,
        chunk_bytes: usize,
    ) -> BoxStream<'static, Result<Bytes, StorageError>> {
        match self {
            Self::Local(parts) => stream_parts(parts, chunk_bytes),
            Self::Stream(stream) => stream,
        }
    }
}

/// Some consecutive bytes of an open file.
#[derive(Debug, Clone)]
pub struct LocalPart {
    /// The file; shared with other readers, so only positional calls are allowed.
    pub file: Arc<File>,
    /// First byte.
    pub offset: u64,
    /// How many.
    pub len: u64,
}

/// Some consecutive bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) key: SegmentKey,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl Piece {
    /// Size the segment must have at least.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.len
    }
}

/// Says which pieces of `segments` make up `range` of the blob; none is empty.
pub(crate) fn slice_segments(
    segments: &[Segment],
    range: Range<u64>,
) -> Result<Vec<Piece>, StorageError> {
    let mut pieces = Vec::new();
    let mut segment_start: u64 = 0;
    for segment in segments {
        let segment_end = segment_start + segment.size_bytes;
        let first = range.start.max(segment_start);
        let last = range.end.min(segment_end);
        if first < last {
            let offset = first - segment_start;
            pieces.push(Piece {
                key: segment.key,
                offset,
                len: last - first,
            });
        }
        segment_start = segment_end;
    }
    if range.start > range.end || range.end > segment_start {
        return Err(StorageError::new(
            StorageErrorKind::Internal,
            "read",
            format_args!("{}..{}", range.start, range.end),
            format!("the range leaves the blob of {segment_start} bytes"),
        ));
    }
    Ok(pieces)
}

/// Reads `parts` in order, in items of at most `chunk_bytes`.
///
/// An error ends the stream: [`StorageErrorKind::Damaged`] when a file is shorter than its part.
#[must_use]
pub fn stream_parts(
    parts: Vec<LocalPart>,
    chunk_bytes: usize,
) -> BoxStream<'static, Result<Bytes, StorageError>> {
    let reader = PartReader {
        parts: parts.into(),
        buffers: Arc::default(),
        chunk_bytes: chunk_bytes.max(1),
        tries_cache: true,
    };
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next_chunk().await {
            Ok(chunk) if chunk.is_empty() => None,
            Ok(chunk) => Some((Ok(chunk), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct PartReader {
    parts: VecDeque<LocalPart>,
    buffers: Arc<Buffers>,
    chunk_bytes: usize,
    tries_cache: bool,
}

impl PartReader {
    /// The next bytes; none at the end of the last part.
    async fn next_chunk(&mut self) -> Result<Bytes, StorageError> {
        while self.parts.front().is_some_and(|part| part.len == 0) {
            self.parts.pop_front();
        }
        let Some(part) = self.parts.front().cloned() else {
            return Ok(Bytes::new());
        };
        let wanted = usize::try_from(part.len)
            .unwrap_or(usize::MAX)
            .min(self.chunk_bytes);
        let mut buffer = self.buffers.take(wanted);
        let cached = if self.tries_cache {
            self.read_cached(&part, &mut buffer)?
        } else {
            None
        };
        let (buffer, filled) = match cached {
            Some(filled) => (buffer, filled),
            None => read_on_pool(part, buffer).await?,
        };
        if filled == 0 {
            return Err(read_error("the file ends before its recorded size"));
        }
        if let Some(part) = self.parts.front_mut() {
            part.offset += filled as u64;
            part.len -= filled as u64;
        }
        Ok(self.buffers.lend(buffer, filled))
    }

    /// Reads what the page cache has; `None` when the disk would be needed.
    fn read_cached(
        &mut self,
        part: &LocalPart,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, StorageError> {
        let mut slices = [IoSliceMut::new(buffer)];
        match rustix::io::preadv2(&part.file, &mut slices, part.offset, ReadWriteFlags::NOWAIT) {
            Ok(filled) => Ok(Some(filled)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                self.tries_cache = false;
                Ok(None)
            }
            Err(errno) => Err(StorageError::from_errno("read", "a segment", errno)),
        }
    }
}

async fn read_on_pool(
    part: LocalPart,
    mut buffer: Vec<u8>,
) -> Result<(Vec<u8>, usize), StorageError> {
    let done = tokio::task::spawn_blocking(move || {
        let filled = loop {
            match rustix::io::pread(&part.file, buffer.as_mut_slice(), part.offset) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        filled.map(|filled| (buffer, filled))
    });
    match done.await {
        Ok(read) => read.map_err(|errno| StorageError::from_errno("read", "a segment", errno)),
        Err(_) => Err(read_error("the blocking pool is shutting down")),
    }
}

fn read_error(text: &str) -> StorageError {
    StorageError::new(StorageErrorKind::Damaged, "read", "a segment", text)
}

/// Buffers of one stream that its consumer has given back.
///
/// They stay filled with old bytes, which saves clearing memory that a read is about to fill.
#[derive(Default)]
struct Buffers {
    idle: Mutex<Vec<Vec<u8>>>,
}

const IDLE_BUFFERS: usize = 2;

impl Buffers {
    fn take(&self, size: usize) -> Vec<u8> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut buffer = idle.unwrap_or_default();
        buffer.resize(size, 0);
        buffer
    }

    fn lend(self: &Arc<Self>, buffer: Vec<u8>, filled: usize) -> Bytes {
        Bytes::from_owner(LentBuffer {
            buffer,
            home: Arc::clone(self),
        })
        .slice(..filled)
    }
}

struct LentBuffer {
    buffer: Vec<u8>,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for LentBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for LentBuffer {
    fn drop(&mut self) {
        let mut idle = self
            .home
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_BUFFERS {
            idle.push(std::mem::take(&mut self.buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::BatchId;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_exactly_the_range(
            sizes in prop::collection::vec(0_u64..6, 0..6),
            start in 0_u64..40,
            len in 0_u64..40,
        ) {
            let segments: Vec<Segment> = sizes
                .iter()
                .map(|&size_bytes| Segment { key: SegmentKey::new(BatchId(1)), size_bytes })
                .collect();
            let positions: Vec<(SegmentKey, u64)> = segments
                .iter()
                .flat_map(|segment| (0..segment.size_bytes).map(|at| (segment.key, at)))
                .collect();
            let expected = usize::try_from(start)
                .ok()
                .zip(usize::try_from(start + len).ok())
                .and_then(|(first, last)| positions.get(first..last));
            let pieces = slice_segments(&segments, start..start + len);
            prop_assert_eq!(pieces.is_ok(), expected.is_some());
            if let (Ok(pieces), Some(expected)) = (pieces, expected) {
                prop_assert!(pieces.iter().all(|piece| piece.len > 0));
                let got: Vec<(SegmentKey, u64)> = pieces
                    .iter()
                    .flat_map(|piece| (piece.offset..piece.end()).map(|at| (piece.key, at)))
                    .collect();
                prop_assert_eq!(got.as_slice(), expected);
            }
        }
    }
}
