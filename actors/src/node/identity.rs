//! Whether this is the database that the store belongs to.
//!
//! The store keeps a marker: the database's counter in its name, the server's identity in its bytes.
//! A database whose counter is lower was put back to an older state; one on another server or
//! timeline may lack what the old one confirmed last, unless the last node had stopped cleanly. Then
//! nothing may be deleted: objects that this database does not name may be all that is left.
//!
//! Markers lie below batch 0, which no node ever owns, so that no sweep meets them.

use bytes::Bytes;
use futures_util::StreamExt as _;
use slipway_model::identity::{Identity, ServerIdentity};
use slipway_storage::{BatchId, Segment, SegmentKey, StorageError, StorageErrorKind, Store};

const MARKERS: BatchId = BatchId(0);
const MARKER_BYTES: u64 = 4096;

/// What the store knows of its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) counter: i64,
    pub(super) server: ServerIdentity,
    /// Whether the last node had stopped, with everything behind this counter.
    pub(super) is_clean: bool,
}

impl Marker {
    /// Says why `found` is not the database this marker was written for.
    pub(super) fn doubt(&self, found: &Identity) -> Option<String> {
        if found.counter < self.counter {
            return Some(format!(
                "it is older than the store: its counter is {}, the store's {}",
                found.counter, self.counter
            ));
        }
        let pairs = [
            (
                "cluster",
                &self.server.system_identifier,
                &found.server.system_identifier,
            ),
            ("timeline", &self.server.timeline, &found.server.timeline),
        ];
        for (what, before, now) in pairs {
            if let (Some(before), Some(now)) = (before, now)
                && before != now
                && !self.is_clean
            {
                return Some(format!("its {what} is {now}, it was {before}"));
            }
        }
        None
    }

    fn key(&self) -> SegmentKey {
        SegmentKey::from_parts(MARKERS, u128::try_from(self.counter).unwrap_or_default())
    }

    fn render(&self) -> Bytes {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let end = if self.is_clean { "clean" } else { "open" };
        let (system, timeline) = (
            text(&self.server.system_identifier),
            text(&self.server.timeline),
        );
        Bytes::from(format!("{system}\n{timeline}\n{end}\n"))
    }

    /// A marker whose bytes a power cut took still has its counter.
    fn parse(counter: i64, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n').map(str::to_owned);
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let (system_identifier, timeline, end) = (next(), next(), next());
        let is_whole = matches!(end.as_deref(), Some("clean" | "open"));
        let server = ServerIdentity {
            system_identifier,
            timeline,
        };
        Self {
            counter,
            server: if is_whole {
                server
            } else {
                ServerIdentity::default()
            },
            is_clean: end.as_deref() == Some("clean"),
        }
    }
}

/// Reads the store's newest marker.
pub(super) async fn read(store: &Store) -> Result<Option<Marker>, StorageError> {
    let listed = store.list_batch(MARKERS).await?;
    let Some(newest) = listed.last() else {
        return Ok(None);
    };
    let counter = i64::try_from(newest.key.name()).unwrap_or(i64::MAX);
    let segment = Segment {
        size_bytes: newest.size_bytes.min(MARKER_BYTES),
        ..*newest
    };
    let mut bytes = Vec::new();
    if segment.size_bytes > 0 {
        let read = store.read(&[segment], 0..segment.size_bytes).await?;
        let mut stream = read.into_stream(4096);
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
        }
    }
    Ok(Some(Marker::parse(counter, &bytes)))
}

/// Writes a marker and drops those it replaces.
pub(super) async fn write(store: &Store, marker: &Marker) -> Result<(), StorageError> {
    match store.put_if_absent(marker.key(), marker.render()).await {
        Ok(_) => {}
        Err(error) if error.kind == StorageErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let listed = store.list_batch(MARKERS).await?;
    let older: Vec<SegmentKey> = listed
        .iter()
        .map(|segment| segment.key)
        .filter(|key| key.name() < marker.key().name())
        .collect();
    store.delete(&older).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(system: Option<&str>, timeline: Option<&str>) -> ServerIdentity {
        ServerIdentity {
            system_identifier: system.map(str::to_owned),
            timeline: timeline.map(str::to_owned),
        }
    }

    fn doubt(is_clean: bool, counter: i64, now: ServerIdentity) -> Option<String> {
        let marker = Marker {
            counter: 7,
            server: server(Some("1"), Some("00000001")),
            is_clean,
        };
        assert_eq!(Marker::parse(7, &marker.render()), marker);
        marker.doubt(&Identity {
            counter,
            accepted: 0,
            accepted_done: 0,
            server: now,
        })
    }

    #[test]
    fn an_older_counter_is_always_doubted() {
        for is_clean in [true, false] {
            let same = || server(Some("1"), Some("00000001"));
            assert!(doubt(is_clean, 6, same()).unwrap().contains("older"));
            assert_eq!(doubt(is_clean, 7, same()), None);
            assert_eq!(doubt(is_clean, 8, same()), None);
        }
    }

    #[test]
    fn another_server_is_doubted_unless_the_last_stop_was_clean() {
        for other in [
            server(Some("2"), Some("00000001")),
            server(Some("1"), Some("00000002")),
        ] {
            assert!(doubt(false, 7, other.clone()).is_some());
            assert_eq!(doubt(true, 7, other), None);
        }
    }

    #[test]
    fn without_the_right_to_ask_the_counter_decides_alone() {
        assert_eq!(doubt(false, 7, server(None, None)), None);
        assert!(doubt(false, 6, server(None, None)).is_some());
    }

    #[test]
    fn a_marker_without_readable_bytes_keeps_its_counter() {
        for bytes in [&b""[..], b"\0\0\0", b"\xff"] {
            let marker = Marker::parse(9, bytes);
            assert_eq!((marker.counter, marker.is_clean), (9, false));
            assert_eq!(marker.server, ServerIdentity::default());
        }
    }
}
