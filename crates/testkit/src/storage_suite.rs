//! What every storage engine must do, as one run of checks against an open store.
//!
//! An engine's test opens a [`Store`] with small limits (segments of at most 1 MiB, so that
//! borders are crossed cheaply) and calls [`storage_suite`]. Each check writes into batches of its
//! own. Bytes are a function of their position in the blob, so a swapped, lost or repeated piece
//! shows; [`Trail`] stands in for a digest.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a check that cannot go on fails the test that runs it"
)]

use std::time::Instant;

use bytes::Bytes;
use futures_util::TryStreamExt;
use slipway_storage::{
    AppendError, Appended, BatchId, BodyBroken, ByteSink, Chunk, ChunkReceiver, Segment,
    SegmentKey, SegmentWriter, StorageErrorKind, Store,
};
use tokio::sync::mpsc;

/// An order-sensitive fingerprint (FNV-1a, 64 bit) of the bytes seen, with their count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail {
    fingerprint: u64,
    /// Bytes seen.
    pub len: u64,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            fingerprint: 0xcbf2_9ce4_8422_2325,
            len: 0,
        }
    }
}

impl Trail {
    /// The trail of `bytes` alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut trail = Self::default();
        trail.update(bytes);
        trail
    }
}

impl ByteSink for Trail {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.fingerprint =
                (self.fingerprint ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.len += bytes.len() as u64;
    }
}

/// The bytes `start..start + len` of the test blob: no two stretches are alike.
#[must_use]
pub fn pattern(start: usize, len: usize) -> Bytes {
    (start..start + len)
        .map(|at| {
            (at / 8)
                .wrapping_mul(0x9e37_79b9)
                .rotate_left(13)
                .to_le_bytes()[at % 8]
        })
        .collect()
}

/// A body of one chunk per item, ending well or with `broken`.
pub fn body_of(chunks: Vec<Bytes>, broken: Option<BodyBroken>) -> ChunkReceiver {
    let (sender, body) = mpsc::channel(2);
    drop(tokio::spawn(async move {
        for bytes in chunks {
            // A writer that failed stops listening; the rest has nowhere to go.
            if sender.send(Ok(Chunk::from(bytes))).await.is_err() {
                return;
            }
        }
        if let Some(broken) = broken {
            drop(sender.send(Err(broken)).await);
        }
    }));
    body
}

/// Reads a range of a blob into memory.
///
/// # Panics
/// When the store cannot give the range.
pub async fn read_range(store: &Store, segments: &[Segment], first: u64, last: u64) -> Vec<u8> {
    let read = store.read(segments, first..last).await.unwrap();
    let parts: Vec<Bytes> = read.into_stream(10_000).try_collect().await.unwrap();
    parts.concat()
}

/// Writes `bytes` as one append, synced.
///
/// # Panics
/// When the store fails.
pub async fn write_whole(store: &Store, batch: BatchId, bytes: Bytes) -> SegmentWriter {
    let appended = append(store.new_writer(batch), Trail::default(), bytes).await;
    let mut writer = appended.writer;
    writer.sync().await.unwrap();
    writer
}

async fn append(writer: SegmentWriter, sink: Trail, bytes: Bytes) -> Appended<Trail> {
    let appended = writer.append_bytes(sink, vec![bytes]).await;
    assert_eq!(appended.outcome, Ok(()));
    appended
}

/// Runs every check.
///
/// # Panics
/// When the engine breaks the contract, or the store's limits are too wide to be reached.
pub async fn storage_suite(store: &Store) {
    let capabilities = store.capabilities();
    assert!(
        capabilities.segment_close_bytes <= 1 << 20,
        "open the store with small segments"
    );
    store.check().await.unwrap();
    sizes_come_back_whole(store, BatchId(1)).await;
    ranges_cross_segment_borders(store, BatchId(2)).await;
    an_upload_resumes_at_its_synced_state(store, BatchId(3)).await;
    a_lost_tail_is_not_resumed(store, BatchId(4)).await;
    discard_leaves_nothing(store, BatchId(5)).await;
    deleting_twice_is_fine(store, BatchId(6)).await;
    a_broken_body_keeps_what_came(store, BatchId(7)).await;
    a_taken_key_stays_as_it_is(store, BatchId(8)).await;
    writers_of_one_batch_do_not_mix(store, BatchId(9)).await;
    many_tiny_appends_stay_cheap(store, BatchId(10)).await;
    too_many_segments_are_refused(store, BatchId(11)).await;
    store.check().await.unwrap();
}

async fn sizes_come_back_whole(store: &Store, batch: BatchId) {
    let close = usize::try_from(store.capabilities().segment_close_bytes).unwrap();
    let edge = 64 << 10;
    for size in [
        0,
        1,
        edge - 1,
        edge,
        edge + 1,
        close - 1,
        close,
        close + 1,
        3 * close + 5,
    ] {
        let bytes = pattern(0, size);
        // Odd chunks, an empty one among them, each of several buffers.
        let mut chunks: Vec<Bytes> = vec![Bytes::new()];
        chunks.extend(bytes.chunks(77_777).map(Bytes::copy_from_slice));
        let body = body_of(chunks, None);
        let appended = store.new_writer(batch).append(Trail::default(), body).await;
        assert_eq!(appended.outcome, Ok(()));
        assert_eq!(appended.received_bytes, size as u64);
        assert_eq!(appended.sink, Trail::of(&bytes));

        let mut writer = appended.writer;
        writer.sync().await.unwrap();
        assert_eq!(writer.size_bytes(), size as u64);
        assert_eq!(writer.synced_bytes(), size as u64);
        assert_eq!(writer.synced_segments(), writer.segments());
        assert_eq!(
            writer.segments().len(),
            size.div_ceil(close),
            "segments of {size} bytes"
        );
        let read = read_range(store, writer.segments(), 0, size as u64).await;
        assert!(read == bytes, "{size} bytes came back changed");
        writer.discard().await;
    }
}

async fn ranges_cross_segment_borders(store: &Store, batch: BatchId) {
    let close = store.capabilities().segment_close_bytes;
    let total = close * 2 + 1_000;
    let bytes = pattern(0, usize::try_from(total).unwrap());
    let writer = write_whole(store, batch, bytes.clone()).await;
    let ranges = [
        (0, 0),
        (0, 1),
        (close - 1, close),
        (close - 1, close + 1),
        (close, close),
        (close, 2 * close),
        (3, total - 3),
        (total - 1, total),
        (total, total),
    ];
    for (first, last) in ranges {
        let read = read_range(store, writer.segments(), first, last).await;
        let expected = bytes.slice(usize::try_from(first).unwrap()..usize::try_from(last).unwrap());
        assert!(read == expected, "{first}..{last}");
    }
    let beyond = store
        .read(writer.segments(), 0..total + 1)
        .await
        .unwrap_err();
    assert_eq!(beyond.kind, StorageErrorKind::Internal);
    let missing = Segment {
        key: SegmentKey::new(batch),
        size_bytes: 5,
    };
    let gone = store.read(&[missing], 0..5).await.unwrap_err();
    assert_eq!(gone.kind, StorageErrorKind::NotFound);
    let shrunk = Segment {
        size_bytes: close + 7,
        ..writer.segments()[1]
    };
    let short = store
        .read(&[shrunk], close + 1..close + 7)
        .await
        .unwrap_err();
    assert_eq!(short.kind, StorageErrorKind::Damaged);
    writer.discard().await;
}

async fn an_upload_resumes_at_its_synced_state(store: &Store, batch: BatchId) {
    let first = append(store.new_writer(batch), Trail::default(), pattern(0, 1_000)).await;
    let mut writer = first.writer;
    writer.sync().await.unwrap();
    let saved = writer.synced_segments();
    // Bytes after the saved state are lost with the process.
    let lost = append(writer, first.sink, Bytes::from(vec![0xff; 500])).await;
    assert_eq!(lost.writer.synced_bytes(), 1_000);
    assert_eq!(lost.writer.synced_segments(), saved);
    drop(lost);

    let writer = store.reopen_writer(batch, saved).await.unwrap();
    assert_eq!((writer.size_bytes(), writer.synced_bytes()), (1_000, 1_000));
    let appends = store.capabilities().appends;
    if appends {
        let listed = store.list_batch(batch).await.unwrap();
        assert_eq!(
            listed,
            writer.segments(),
            "the tail is cut to the saved size"
        );
    }
    let mut appended = append(writer, first.sink, pattern(1_000, 2_000)).await;
    appended.writer.sync().await.unwrap();
    let whole = pattern(0, 3_000);
    assert_eq!(appended.sink, Trail::of(&whole));
    assert_eq!(
        appended.writer.segments().len(),
        if appends { 1 } else { 2 }
    );
    assert!(read_range(store, appended.writer.segments(), 0, 3_000).await == whole);
    another_batch_takes_over(store, BatchId(batch.0 + 1_000), appended).await;
}

async fn another_batch_takes_over(store: &Store, batch: BatchId, left: Appended<Trail>) {
    let segments = left.writer.synced_segments();
    let writer = store.reopen_writer(batch, segments).await.unwrap();
    let moved = append(writer, left.sink, pattern(3_000, 10)).await;
    let tail = moved.writer.segments().last().unwrap();
    assert_eq!(
        tail.key.batch(),
        batch,
        "new bytes belong to the new owner's batch"
    );
    assert!(read_range(store, moved.writer.segments(), 0, 3_010).await == pattern(0, 3_010));
    moved.writer.discard().await;
}

async fn a_lost_tail_is_not_resumed(store: &Store, batch: BatchId) {
    let writer = write_whole(store, batch, pattern(0, 100)).await;
    let mut longer = writer.segments().to_vec();
    longer[0].size_bytes = 101;
    let short = store.reopen_writer(batch, longer).await.unwrap_err();
    assert_eq!(short.kind, StorageErrorKind::Damaged);
    let saved = writer.segments().to_vec();
    writer.discard().await;
    let gone = store.reopen_writer(batch, saved).await.unwrap_err();
    assert_eq!(gone.kind, StorageErrorKind::NotFound);
}

async fn discard_leaves_nothing(store: &Store, batch: BatchId) {
    let close = usize::try_from(store.capabilities().segment_close_bytes).unwrap();
    let untouched = store.new_writer(batch);
    assert_eq!(store.list_batch(batch).await.unwrap(), []);
    untouched.discard().await;

    let writer = write_whole(store, batch, pattern(0, 2 * close + 1)).await;
    let mut expected = writer.segments().to_vec();
    expected.sort_by_key(|segment| segment.key);
    assert_eq!(store.list_batch(batch).await.unwrap(), expected);
    writer.discard().await;
    assert_eq!(store.list_batch(batch).await.unwrap(), []);
    store.forget_batch(batch).await.unwrap();
    store.forget_batch(batch).await.unwrap();
    let again = write_whole(store, batch, pattern(0, 5)).await;
    assert_eq!(store.list_batch(batch).await.unwrap(), again.segments());
    again.discard().await;
}

async fn deleting_twice_is_fine(store: &Store, batch: BatchId) {
    let kept = write_whole(store, batch, pattern(0, 10)).await;
    let gone = write_whole(store, batch, pattern(0, 20)).await;
    // Read first, so that an engine that keeps files open has this one.
    assert_eq!(
        read_range(store, gone.segments(), 0, 20).await,
        pattern(0, 20)
    );
    let keys: Vec<SegmentKey> = gone.segments().iter().map(|segment| segment.key).collect();
    store.delete(&keys).await.unwrap();
    store.delete(&keys).await.unwrap();
    store
        .delete(&[SegmentKey::new(BatchId(999_999))])
        .await
        .unwrap();
    store.delete(&[]).await.unwrap();
    let read = store.read(gone.segments(), 0..20).await.unwrap_err();
    assert_eq!(read.kind, StorageErrorKind::NotFound);
    assert_eq!(store.list_batch(batch).await.unwrap(), kept.segments());
    kept.discard().await;
}

async fn a_broken_body_keeps_what_came(store: &Store, batch: BatchId) {
    let chunks = vec![pattern(0, 100_000), pattern(100_000, 50_000)];
    let body = body_of(chunks, Some(BodyBroken::Disconnected));
    let broken = store.new_writer(batch).append(Trail::default(), body).await;
    assert_eq!(
        broken.outcome,
        Err(AppendError::Body(BodyBroken::Disconnected))
    );
    assert_eq!(broken.received_bytes, 150_000);
    assert_eq!(broken.writer.size_bytes(), 150_000);
    assert_eq!(broken.sink, Trail::of(&pattern(0, 150_000)));

    let empty = body_of(Vec::new(), Some(BodyBroken::Stalled));
    let stalled = broken.writer.append(broken.sink, empty).await;
    assert_eq!(stalled.outcome, Err(AppendError::Body(BodyBroken::Stalled)));
    assert_eq!((stalled.received_bytes, stalled.sink), (0, broken.sink));

    let mut whole = append(stalled.writer, stalled.sink, pattern(150_000, 7)).await;
    whole.writer.sync().await.unwrap();
    let expected = pattern(0, 150_007);
    assert_eq!(whole.sink, Trail::of(&expected));
    assert!(read_range(store, whole.writer.segments(), 0, 150_007).await == expected);
    whole.writer.discard().await;
}

async fn a_taken_key_stays_as_it_is(store: &Store, batch: BatchId) {
    let key = SegmentKey::new(batch);
    let put = store.put_if_absent(key, pattern(0, 30)).await.unwrap();
    assert_eq!(
        put,
        Segment {
            key,
            size_bytes: 30
        }
    );
    let again = store.put_if_absent(key, pattern(50, 40)).await.unwrap_err();
    assert_eq!(again.kind, StorageErrorKind::AlreadyExists);
    assert_eq!(store.list_batch(batch).await.unwrap(), [put]);
    assert_eq!(read_range(store, &[put], 0, 30).await, pattern(0, 30));
    store.delete(&[key]).await.unwrap();
}

async fn writers_of_one_batch_do_not_mix(store: &Store, batch: BatchId) {
    let close = usize::try_from(store.capabilities().segment_close_bytes).unwrap();
    let uploads: Vec<_> = (0..16_usize)
        .map(|index| {
            let store = store.clone();
            tokio::spawn(async move {
                let bytes = pattern(index * 1_000_003, close + index);
                let chunks = bytes.chunks(10_000).map(Bytes::copy_from_slice).collect();
                let body = body_of(chunks, None);
                let appended = store.new_writer(batch).append(Trail::default(), body).await;
                assert_eq!(appended.outcome, Ok(()));
                let mut writer = appended.writer;
                writer.sync().await.unwrap();
                (bytes, writer)
            })
        })
        .collect();
    let mut expected = Vec::new();
    let mut writers = Vec::new();
    for upload in uploads {
        let (bytes, writer) = upload.await.unwrap();
        let read = read_range(store, writer.segments(), 0, bytes.len() as u64).await;
        assert!(read == bytes);
        expected.extend_from_slice(writer.segments());
        writers.push(writer);
    }
    expected.sort_by_key(|segment| segment.key);
    assert_eq!(store.list_batch(batch).await.unwrap(), expected);
    for writer in writers {
        writer.discard().await;
    }
}

async fn many_tiny_appends_stay_cheap(store: &Store, batch: BatchId) {
    let capabilities = store.capabilities();
    let count = if capabilities.appends {
        10_000
    } else {
        capabilities.max_segments
    };
    let whole = pattern(0, count);
    let (mut writer, mut sink) = (store.new_writer(batch), Trail::default());
    let mut halves = Vec::new();
    for half in [0..count / 2, count / 2..count] {
        let started = Instant::now();
        for index in half {
            Appended { writer, sink, .. } = append(writer, sink, whole.slice(index..=index)).await;
        }
        halves.push(started.elapsed());
    }
    assert!(
        halves[1] < halves[0] * 4 + std::time::Duration::from_secs(2),
        "the second half of {count} appends took {:?}, the first {:?}",
        halves[1],
        halves[0]
    );
    writer.sync().await.unwrap();
    assert_eq!(sink, Trail::of(&whole));
    assert!(read_range(store, writer.segments(), 0, count as u64).await == whole);
    if !capabilities.appends {
        let refused = writer
            .append_bytes(sink, vec![Bytes::from_static(b"x")])
            .await;
        assert_too_many(&refused);
        assert_eq!(refused.received_bytes, 0);
        writer = refused.writer;
    }
    writer.discard().await;
}

async fn too_many_segments_are_refused(store: &Store, batch: BatchId) {
    let capabilities = store.capabilities();
    let most = capabilities.max_segments as u64 * capabilities.segment_close_bytes;
    if most > 64 << 20 {
        // Reached by tiny appends already, or out of a test's reach.
        return;
    }
    let whole = pattern(0, usize::try_from(most + 1).unwrap());
    let body = body_of(
        whole.chunks(100_000).map(Bytes::copy_from_slice).collect(),
        None,
    );
    let refused = store.new_writer(batch).append(Trail::default(), body).await;
    assert_too_many(&refused);
    assert_eq!(refused.received_bytes, most);
    let kept = whole.slice(..whole.len() - 1);
    assert_eq!(refused.sink, Trail::of(&kept));
    let mut writer = refused.writer;
    writer.sync().await.unwrap();
    assert!(read_range(store, writer.segments(), 0, most).await == kept);
    writer.discard().await;
    assert_eq!(store.list_batch(batch).await.unwrap(), []);
}

fn assert_too_many(refused: &Appended<Trail>) {
    let kind = match &refused.outcome {
        Err(AppendError::Storage(error)) => Some(error.kind),
        _ => None,
    };
    assert_eq!(kind, Some(StorageErrorKind::TooManySegments));
}
