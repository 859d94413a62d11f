//! Publishing and ending manifests.

use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;
use serde_json::json;
use slipway_model::RepositoryId;
use slipway_model::audit::Origin;
use slipway_model::label::NewLabel;
use slipway_model::manifest::{self, NewManifest, Put, StoredManifest, Verdict};
use slipway_model::suspect;
use slipway_model::tag::TagTarget;
use slipway_oci::{Descriptor, Digest, ManifestKind, ParsedManifest, TagName};

use super::cache::now_ms;
use super::config::read_config;
use super::label::labels_of;
use super::open::{EnsureRepository, ensure};
use super::{OpenRow, Reader, RepositoryActor, RepositoryError};
use crate::kernel::enqueue;
use crate::node::settle;

/// Publishes a manifest that was parsed from `bytes`, making the repository first if need be.
#[derive(Debug, Message)]
#[rtype(result = "Result<ManifestPushed, RepositoryError>")]
pub struct PushManifest {
    /// The bytes as they came.
    pub bytes: Bytes,
    /// Their digest.
    pub digest: Digest,
    /// What they say.
    pub parsed: ParsedManifest,
    /// Tags that shall point at it; none for a push by digest.
    pub tags: Vec<TagName>,
    /// Who pushes, and what may be made for it.
    pub ensure: EnsureRepository,
}

/// A manifest that is published.
#[derive(Debug, Clone)]
pub struct ManifestPushed {
    /// Its digest.
    pub digest: Digest,
    /// What it is about.
    pub subject: Option<Digest>,
}

struct Pushed {
    put: Put,
    /// The repository's row, when it had to be read.
    row: Option<OpenRow>,
    msg: PushManifest,
}

/// What memory knows of the config of a manifest.
enum ConfigInMemory {
    /// The manifest was pushed before, and its config's labels were taken over.
    Taken,
    /// The config's bytes, when memory has them.
    Bytes(Option<Bytes>),
}

impl Handler<PushManifest> for RepositoryActor {
    type Result = ResponseFuture<Result<ManifestPushed, RepositoryError>>;

    fn handle(&mut self, msg: PushManifest, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let (known, reader) = (actor.writable_id(), actor.reader());
            let config = actor.config_in_memory(&msg);
            async move {
                let (id, row) = match known {
                    Some(id) => (id, None),
                    None => {
                        let row = ensure(&reader.deps, &reader.name, &msg.ensure).await?;
                        (row.repository.id, Some(row))
                    }
                };
                let labels = match config {
                    ConfigInMemory::Taken => Vec::new(),
                    ConfigInMemory::Bytes(bytes) => {
                        let descriptor = msg.parsed.config.as_ref();
                        let config = read_config(&reader, bytes, descriptor).await?;
                        labels_of(config.as_ref(), reader.deps.settings.tag_life)
                    }
                };
                let put = put(&reader, id, &msg, labels).await?;
                Ok(Pushed { put, row, msg })
            }
        };
        enqueue(
            self,
            ctx,
            plan,
            |actor: &mut Self, outcome: Result<Pushed, RepositoryError>| {
                // Even a failed write may have happened.
                actor.version = actor.version.wrapping_add(1);
                let Pushed { put, row, msg } = outcome.inspect_err(|_| actor.cache.forget_all())?;
                if let Some(row) = row {
                    actor.keep_row(row);
                }
                let moved = match put.verdict {
                    Verdict::Done(moved) => moved,
                    other => return Err(actor.refusal(other)),
                };
                if !moved.is_empty() {
                    actor.cache.forget_manifests();
                }
                actor.cache.manifests.pop(&msg.digest);
                actor.keep_pushed(&msg, &put.ends_ms);
                let subject = msg.parsed.subject.map(|subject| subject.digest);
                Ok(ManifestPushed {
                    digest: msg.digest,
                    subject,
                })
            },
        )
    }
}

impl RepositoryActor {
    /// What memory knows of the config of a manifest that is pushed.
    fn config_in_memory(&mut self, msg: &PushManifest) -> ConfigInMemory {
        if self.cache.manifest(&msg.digest, now_ms()).is_some() {
            return ConfigInMemory::Taken;
        }
        let config = msg.parsed.config.as_ref();
        ConfigInMemory::Bytes(config.and_then(|config| self.cache.inline_bytes(&config.digest)))
    }

    fn keep_pushed(&mut self, msg: &PushManifest, ends_ms: &[Option<i64>]) {
        if msg.tags.is_empty() {
            return;
        }
        let last = ends_ms.iter().map(|end| end.unwrap_or(i64::MAX)).max();
        let manifest = StoredManifest {
            media_type: msg.parsed.media_type.clone(),
            bytes: msg.bytes.clone(),
            subject: msg.parsed.subject.as_ref().map(|subject| subject.digest),
            served_until_ms: last.unwrap_or(i64::MAX),
        };
        self.cache.keep_manifest(msg.digest, Arc::new(manifest));
        for (tag, end_ms) in msg.tags.iter().zip(ends_ms) {
            self.cache.keep_tag(
                tag.clone(),
                TagTarget {
                    digest: msg.digest,
                    end_ms: *end_ms,
                },
            );
        }
    }

    /// Brings the end of a tag or a manifest into memory; `unknown` is the refusal when there was
    /// nothing to end.
    pub(super) fn apply_end(
        &mut self,
        outcome: Result<Verdict, RepositoryError>,
        unknown: RepositoryError,
    ) -> Result<(), RepositoryError> {
        // Even a failed write may have happened.
        self.version = self.version.wrapping_add(1);
        self.cache.forget_all();
        match outcome? {
            Verdict::Done(_) => Ok(()),
            Verdict::Unknown => Err(unknown),
            other => Err(self.refusal(other)),
        }
    }

    pub(super) fn refusal(&mut self, verdict: Verdict) -> RepositoryError {
        match verdict {
            Verdict::Done(_) => RepositoryError::Internal("a refusal was expected".to_owned()),
            Verdict::Unknown => {
                self.row = None;
                RepositoryError::Unknown(self.name.clone())
            }
            Verdict::State(state) => {
                self.row = None;
                RepositoryError::NotWritable(state)
            }
            Verdict::MissingBlobs(digests) => {
                digests
                    .iter()
                    .for_each(|digest| self.cache.blobs.pop(digest));
                RepositoryError::BlobsMissing(digests)
            }
            Verdict::WrongSizes(digests) => RepositoryError::WrongSizes(digests),
            Verdict::MissingChildren(digests) => RepositoryError::ChildrenMissing(digests),
            Verdict::Immutable(tag) => RepositoryError::TagImmutable(tag),
            Verdict::Parents(digests) => RepositoryError::HeldByParents(digests),
            Verdict::Siblings(tags) => RepositoryError::HeldBySiblings(tags),
        }
    }
}

async fn put(
    reader: &Reader,
    id: RepositoryId,
    msg: &PushManifest,
    labels: Vec<NewLabel>,
) -> Result<Put, RepositoryError> {
    let settings = &reader.deps.settings;
    let parsed = &msg.parsed;
    // A referrer waits for its subject as long as deleted content can be brought back.
    let life = if parsed.subject.is_some() && msg.tags.is_empty() {
        settings.temporary.max(settings.tag_expiration)
    } else {
        settings.temporary
    };
    let mut children: Vec<Digest> = parsed.children.iter().map(|child| child.digest).collect();
    children.sort_unstable();
    children.dedup();
    let new = NewManifest {
        digest: msg.digest,
        media_type: parsed.media_type.clone(),
        artifact_type: parsed.artifact_type.clone(),
        config_media_type: parsed
            .config
            .as_ref()
            .map(|config| config.media_type.clone()),
        subject: parsed.subject.as_ref().map(|subject| subject.digest),
        annotations: (!parsed.annotations.is_empty()).then(|| json!(parsed.annotations)),
        bytes: msg.bytes.clone(),
        layers_size_bytes: size_of(&parsed.layers),
        labels,
        blobs: needed_blobs(parsed),
        children,
        sparse_allowed: settings.sparse_manifests,
        tags: msg.tags.iter().map(ToString::to_string).collect(),
        temporary_ms: i64::try_from(life.as_millis()).unwrap_or(i64::MAX),
    };
    let metadata = json!({
        "namespace": reader.name.namespace(),
        "repo": reader.name.repository(),
        "tag": msg.tags.first().map(TagName::as_str),
        "manifest_digest": msg.digest.to_string(),
        "mediaType": parsed.media_type,
    });
    if new.sparse_allowed {
        // Then a blob that is not present is no refusal, so suspects are looked for before.
        let digests: Vec<Digest> = new.blobs.iter().map(|(digest, _)| *digest).collect();
        settle_suspects(reader, id, &digests).await?;
    }
    let put =
        async || manifest::put_manifest(reader.db(), id, &new, &msg.ensure.origin, &metadata).await;
    reader.deps.crash_point("manifest.put.before");
    let mut done = put().await?;
    if let Verdict::MissingBlobs(digests) = &done.verdict
        && settle_suspects(reader, id, digests).await?
    {
        done = put().await?;
    }
    reader.deps.crash_point("manifest.put.after");
    Ok(done)
}

/// Checks those of `digests` that are suspect here; answers whether there were any.
async fn settle_suspects(
    reader: &Reader,
    id: RepositoryId,
    digests: &[Digest],
) -> Result<bool, RepositoryError> {
    let suspects = suspect::list_suspects_here(reader.db(), id, digests).await?;
    for suspect in &suspects {
        settle(&reader.deps, *suspect).await?;
    }
    Ok(!suspects.is_empty())
}

/// The sum of the layers' sizes, each time they are named.
fn size_of(layers: &[Descriptor]) -> u64 {
    layers
        .iter()
        .fold(0, |sum, layer| sum.saturating_add(layer.size_bytes))
}

/// The blobs an image needs here: all but layers that may not be distributed.
fn needed_blobs(parsed: &ParsedManifest) -> Vec<(Digest, u64)> {
    if parsed.kind == ManifestKind::Index {
        return Vec::new();
    }
    let mut blobs: Vec<(Digest, u64)> = parsed
        .blobs()
        .filter(|blob| !blob.is_non_distributable())
        .map(|blob| (blob.digest, blob.size_bytes))
        .collect();
    blobs.sort_unstable();
    blobs.dedup();
    blobs
}

/// Stops serving a manifest.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct DeleteManifest {
    /// Which.
    pub digest: Digest,
    /// Who.
    pub origin: Origin,
}

impl Handler<DeleteManifest> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: DeleteManifest, ctx: &mut Context<Self>) -> Self::Result {
        let digest = msg.digest;
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move {
                let (id, _) = reader.open().await?;
                let metadata = json!({
                    "namespace": reader.name.namespace(),
                    "repo": reader.name.repository(),
                    "manifest_digest": msg.digest.to_string(),
                });
                let refuse_siblings = reader.deps.settings.refuse_siblings;
                let (db, origin) = (reader.db(), &msg.origin);
                Ok(manifest::delete_manifest(
                    db,
                    id,
                    &msg.digest,
                    refuse_siblings,
                    origin,
                    &metadata,
                )
                .await?)
            }
        };
        enqueue(
            self,
            ctx,
            plan,
            move |actor: &mut Self, outcome: Result<Verdict, RepositoryError>| {
                actor.apply_end(
                    outcome,
                    RepositoryError::ManifestUnknown(digest.to_string()),
                )
            },
        )
    }
}
