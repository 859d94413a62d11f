//! The actor's bounded copy of the database.
//!
//! Three least-recently-used maps share one budget of bytes with every other repository of this
//! process: what does not fit pushes out this repository's own oldest entries, and is not kept when
//! there are none. An entry gives its bytes back when it goes.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;
use slipway_model::blob::{Content, StoredBlob};
use slipway_model::manifest::StoredManifest;
use slipway_model::tag::TagTarget;
use slipway_oci::{Digest, TagName};

use crate::deps::Settings;

/// What an entry costs beside its bytes: its key, its links, its place in the map.
const ENTRY_BYTES: usize = 256;
/// No single entry may take more than this share of the budget.
const LARGEST_SHARE: usize = 16;

/// Bytes that all caches of this process share.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    most: usize,
}

impl Budget {
    /// A budget of `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            most,
        }
    }

    /// Bytes in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let next = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }

    fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One map of the cache.
pub(super) struct Kept<K: Hash + Eq, V> {
    entries: LruCache<K, (V, usize)>,
    most: usize,
    bytes: usize,
    budget: Arc<Budget>,
}

impl<K: Hash + Eq, V> Kept<K, V> {
    fn new(most: usize, budget: Arc<Budget>) -> Self {
        Self {
            entries: LruCache::unbounded(),
            most,
            bytes: 0,
            budget,
        }
    }

    fn put(&mut self, key: K, value: V, bytes: usize) {
        self.pop(&key);
        let cost = bytes.saturating_add(ENTRY_BYTES);
        if cost > self.budget.most / LARGEST_SHARE {
            return;
        }
        while self.entries.len() >= self.most || !self.budget.take(cost) {
            let Some((_, (_, freed))) = self.entries.pop_lru() else {
                return;
            };
            self.release(freed);
        }
        self.bytes = self.bytes.saturating_add(cost);
        self.entries.put(key, (value, cost));
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(value, _)| value)
    }

    pub(super) fn pop(&mut self, key: &K) {
        if let Some((_, freed)) = self.entries.pop(key) {
            self.release(freed);
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        let bytes = std::mem::take(&mut self.bytes);
        self.budget.give(bytes);
    }

    fn release(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.budget.give(bytes);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl<K: Hash + Eq, V> Drop for Kept<K, V> {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

/// A blob with the time until which its lease is known to hold.
pub(super) struct KnownBlob {
    blob: Arc<StoredBlob>,
    fresh_until: Instant,
}

pub(super) struct Cache {
    pub(super) tags: Kept<TagName, TagTarget>,
    pub(super) manifests: Kept<Digest, Arc<StoredManifest>>,
    pub(super) blobs: Kept<Digest, KnownBlob>,
    /// How long after a look a blob's lease need not be renewed.
    lease_fresh: Duration,
}

impl Cache {
    pub(super) fn new(settings: &Settings, budget: &Arc<Budget>) -> Self {
        Self {
            tags: Kept::new(settings.tag_cache_entries, Arc::clone(budget)),
            manifests: Kept::new(usize::MAX, Arc::clone(budget)),
            blobs: Kept::new(settings.blob_cache_entries, Arc::clone(budget)),
            lease_fresh: settings.lease / 2,
        }
    }

    /// A manifest that is still served at `now_ms`.
    pub(super) fn manifest(&mut self, digest: &Digest, now_ms: i64) -> Option<Arc<StoredManifest>> {
        let manifest = self.manifests.get(digest)?;
        (manifest.served_until_ms > now_ms).then(|| Arc::clone(manifest))
    }

    /// Where a tag points that is alive at `now_ms`.
    pub(super) fn tag(&mut self, tag: &TagName, now_ms: i64) -> Option<TagTarget> {
        let target = self.tags.get(tag).copied();
        target.filter(|target| target.end_ms.is_none_or(|end| end > now_ms))
    }

    /// A blob whose lease need not be renewed.
    pub(super) fn blob(&mut self, digest: &Digest) -> Option<Arc<StoredBlob>> {
        let known = self.blobs.get(digest)?;
        (known.fresh_until > Instant::now()).then(|| Arc::clone(&known.blob))
    }

    pub(super) fn keep_tag(&mut self, tag: TagName, target: TagTarget) {
        self.tags.put(tag, target, 0);
    }

    pub(super) fn keep_manifest(&mut self, digest: Digest, manifest: Arc<StoredManifest>) {
        let bytes = manifest.bytes.len();
        self.manifests.put(digest, manifest, bytes);
    }

    pub(super) fn keep_blob(&mut self, digest: Digest, blob: Arc<StoredBlob>) {
        let bytes = match &blob.content {
            Content::Inline(bytes) => bytes.len(),
            Content::Segments(segments) => segments.len().saturating_mul(32),
        };
        let fresh_until = Instant::now() + self.lease_fresh;
        self.blobs
            .put(digest, KnownBlob { blob, fresh_until }, bytes);
    }

    /// Forgets how long manifests are served, which a change of tags may have changed.
    pub(super) fn forget_manifests(&mut self) {
        self.manifests.clear();
    }

    /// Forgets where tags point, and how long manifests are served by them.
    pub(super) fn forget_tags(&mut self) {
        self.tags.clear();
        self.forget_manifests();
    }

    /// The bytes of a small blob, whether it is still present here or not.
    pub(super) fn inline_bytes(&mut self, digest: &Digest) -> Option<Bytes> {
        match &self.blobs.get(digest)?.blob.content {
            Content::Inline(bytes) => Some(bytes.clone()),
            Content::Segments(_) => None,
        }
    }

    /// Forgets all that a write may have changed.
    pub(super) fn forget_all(&mut self) {
        self.blobs.clear();
        self.forget_tags();
    }
}

/// The wall clock, Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_one_budget_never_hold_more_than_it() {
        let budget = Arc::new(Budget::new(64 * 1024));
        let mut first: Kept<u32, ()> = Kept::new(usize::MAX, Arc::clone(&budget));
        let mut second: Kept<u32, ()> = Kept::new(usize::MAX, Arc::clone(&budget));
        for key in 0..1000 {
            first.put(key, (), 1000);
            second.put(key, (), 500);
            assert!(budget.used() <= 64 * 1024);
            assert_eq!(budget.used(), first.bytes() + second.bytes());
        }
        assert!(first.get(&999).is_some(), "the newest entry stays");
        assert!(first.get(&0).is_none(), "the oldest went");
        second.put(5000, (), 60 * 1024);
        assert!(second.get(&5000).is_none(), "one entry cannot take it all");
        drop(first);
        second.clear();
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_map_also_keeps_to_its_number_of_entries() {
        let budget = Arc::new(Budget::new(1 << 20));
        let mut map: Kept<u32, u32> = Kept::new(3, budget);
        for key in 0..10 {
            map.put(key, key, 0);
        }
        assert_eq!(map.len(), 3);
        assert_eq!(map.get(&9), Some(&9));
    }
}
