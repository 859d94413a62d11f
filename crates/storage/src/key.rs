//! Names of stored objects.
//!
//! A key is `seg/<batch>/<32 hex digits>`. The batch makes orphans findable without listing a
//! whole bucket: recovery of a dead node lists its batch's prefix only. The random part is 128
//! bits, so a key is never used twice and never derived from what it holds.

use std::fmt;
use std::str::FromStr;

/// Number of a batch row: the set of segments one node wrote in one span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub i64);

impl fmt::Display for BatchId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// Key of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentKey {
    batch: BatchId,
    name: u128,
}

impl SegmentKey {
    /// Makes a fresh random key in `batch`.
    #[must_use]
    pub fn new(batch: BatchId) -> Self {
        Self {
            batch,
            name: rand::random(),
        }
    }

    /// Rebuilds a key from its two stored columns.
    #[must_use]
    pub fn from_parts(batch: BatchId, name: u128) -> Self {
        Self { batch, name }
    }

    /// The batch the segment was written in.
    #[must_use]
    pub fn batch(&self) -> BatchId {
        self.batch
    }

    /// The random part.
    #[must_use]
    pub fn name(&self) -> u128 {
        self.name
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "seg/{}/{:032x}", self.batch, self.name)
    }
}

/// A text that is not a segment key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a segment key")]
pub struct KeyError(String);

impl FromStr for SegmentKey {
    type Err = KeyError;

    /// Parses exactly what `Display` writes: no other spelling names the same object.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        parse(text)
            .filter(|key| key.to_string() == text)
            .ok_or_else(|| KeyError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<SegmentKey> {
    let (batch, name) = text.strip_prefix("seg/")?.split_once('/')?;
    Some(SegmentKey {
        batch: BatchId(batch.parse().ok()?),
        name: u128::from_str_radix(name, 16).ok()?,
    })
}

/// One stored object and how many of its first bytes belong to the blob.
///
/// The object may be longer than `size_bytes` after a crash or a failed write; what lies beyond
/// is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Where it is stored.
    pub key: SegmentKey,
    /// Bytes that count.
    pub size_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_survives_its_text(batch: i64, name: u128) {
            let key = SegmentKey::from_parts(BatchId(batch), name);
            prop_assert_eq!(key.to_string().parse::<SegmentKey>(), Ok(key));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = "seg/7/000000000000000000000000000000ff";
        assert!(good.parse::<SegmentKey>().is_ok());
        for bad in [
            "seg/7/ff",
            "seg/07/000000000000000000000000000000ff",
            "seg/+7/000000000000000000000000000000ff",
            "seg/7/000000000000000000000000000000FF",
            "seg/7/+00000000000000000000000000000ff",
            "/seg/7/000000000000000000000000000000ff",
            "seg/7/000000000000000000000000000000ff/",
            "seg/../000000000000000000000000000000ff",
            "",
        ] {
            assert!(bad.parse::<SegmentKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn two_new_keys_differ() {
        assert_ne!(SegmentKey::new(BatchId(1)), SegmentKey::new(BatchId(1)));
    }
}
