//! The actor's bounded copy of the database.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use slipway_model::blob::StoredBlob;
use slipway_model::manifest::StoredManifest;
use slipway_model::tag::TagTarget;
use slipway_oci::{Digest, TagName};

use crate::deps::Settings;

/// A blob with the time until which its lease is known to hold.
pub(super) struct KnownBlob {
    pub(super) blob: Arc<StoredBlob>,
    fresh_until: Instant,
}

pub(super) struct Cache {
    pub(super) tags: LruCache<TagName, TagTarget>,
    pub(super) manifests: LruCache<Digest, Arc<StoredManifest>>,
    pub(super) blobs: LruCache<Digest, KnownBlob>,
    pub(super) manifest_bytes: usize,
    max_manifest_bytes: usize,
    /// How long after a look a blob's lease need not be renewed.
    lease_fresh: Duration,
}

impl Cache {
    pub(super) fn new(settings: &Settings) -> Self {
        let entries = |count: usize| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            tags: LruCache::new(entries(settings.tag_cache_entries)),
            manifests: LruCache::unbounded(),
            blobs: LruCache::new(entries(settings.blob_cache_entries)),
            manifest_bytes: 0,
            max_manifest_bytes: settings.manifest_cache_bytes,
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
        self.tags
            .get(tag)
            .copied()
            .filter(|target| target.end_ms.is_none_or(|end| end > now_ms))
    }

    /// A blob whose lease need not be renewed.
    pub(super) fn blob(&mut self, digest: &Digest) -> Option<Arc<StoredBlob>> {
        let known = self.blobs.get(digest)?;
        (known.fresh_until > Instant::now()).then(|| Arc::clone(&known.blob))
    }

    pub(super) fn keep_manifest(&mut self, digest: Digest, manifest: Arc<StoredManifest>) {
        let size = manifest.bytes.len();
        if size > self.max_manifest_bytes / 4 {
            return;
        }
        self.drop_manifest(&digest);
        self.manifest_bytes = self.manifest_bytes.saturating_add(size);
        self.manifests.put(digest, manifest);
        while self.manifest_bytes > self.max_manifest_bytes {
            let Some((_, oldest)) = self.manifests.pop_lru() else {
                break;
            };
            self.manifest_bytes = self.manifest_bytes.saturating_sub(oldest.bytes.len());
        }
    }

    pub(super) fn drop_manifest(&mut self, digest: &Digest) {
        if let Some(manifest) = self.manifests.pop(digest) {
            self.manifest_bytes = self.manifest_bytes.saturating_sub(manifest.bytes.len());
        }
    }

    /// Forgets how long manifests are served, which a change of tags may have changed.
    pub(super) fn forget_manifests(&mut self) {
        self.manifests.clear();
        self.manifest_bytes = 0;
    }

    /// Forgets all that a write may have changed.
    pub(super) fn forget_all(&mut self) {
        self.tags.clear();
        self.blobs.clear();
        self.forget_manifests();
    }

    pub(super) fn keep_blob(&mut self, digest: Digest, blob: Arc<StoredBlob>) {
        let fresh_until = Instant::now() + self.lease_fresh;
        self.blobs.put(digest, KnownBlob { blob, fresh_until });
    }
}

/// The wall clock, Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
