//! Reading manifests and referrers.

use std::sync::Arc;

use actix::prelude::*;
use slipway_model::manifest::{self, Referrer, StoredManifest};
use slipway_model::tag::{self, TagTarget};
use slipway_oci::{Digest, Reference, TagName};

use super::cache::now_ms;
use super::{OpenRow, Reader, RepositoryActor, RepositoryError};

/// A manifest as it is served.
pub type Manifest = StoredManifest;

/// Asks for a manifest by tag or digest.
#[derive(Debug, Message)]
#[rtype(result = "Result<PulledManifest, RepositoryError>")]
pub struct PullManifest {
    /// Which.
    pub reference: Reference,
}

/// A manifest and its digest.
#[derive(Debug, Clone)]
pub struct PulledManifest {
    /// The digest.
    pub digest: Digest,
    /// The manifest.
    pub manifest: Arc<Manifest>,
}

/// What a look into the database brought.
pub(super) struct Found {
    row: Option<OpenRow>,
    target: Option<(TagName, TagTarget)>,
    pub(super) pulled: PulledManifest,
}

impl RepositoryActor {
    pub(super) fn manifest_from_memory(&mut self, reference: &Reference) -> Option<PulledManifest> {
        if !self.may_answer_from_memory() {
            return None;
        }
        self.known_id()?;
        let now_ms = now_ms();
        let digest = match reference {
            Reference::Digest(digest) => *digest,
            Reference::Tag(tag) => self.cache.tag(tag, now_ms)?.digest,
        };
        let manifest = self.cache.manifest(&digest, now_ms)?;
        Some(PulledManifest { digest, manifest })
    }
}

impl Handler<PullManifest> for RepositoryActor {
    type Result = ActorResponse<Self, Result<PulledManifest, RepositoryError>>;

    fn handle(&mut self, msg: PullManifest, _: &mut Context<Self>) -> Self::Result {
        if let Some(pulled) = self.manifest_from_memory(&msg.reference) {
            self.count(true);
            return ActorResponse::reply(Ok(pulled));
        }
        self.count(false);
        let reader = self.reader();
        let work = async move {
            let outcome = find(&reader, &msg.reference).await;
            (reader, outcome)
        };
        ActorResponse::r#async(fut::wrap_future(work).map(
            |(reader, outcome): (Reader, Result<Found, RepositoryError>), actor: &mut Self, _| {
                let found = outcome?;
                let pulled = found.pulled;
                if reader.version == actor.version {
                    actor.learn(&reader, found.row);
                    if let Some((tag, target)) = found.target {
                        actor.cache.keep_tag(tag, target);
                    }
                    actor
                        .cache
                        .keep_manifest(pulled.digest, Arc::clone(&pulled.manifest));
                }
                Ok(pulled)
            },
        ))
    }
}

pub(super) async fn find(reader: &Reader, reference: &Reference) -> Result<Found, RepositoryError> {
    let (id, row) = reader.open().await?;
    let (digest, target) = match reference {
        Reference::Digest(digest) => (*digest, None),
        Reference::Tag(name) => match tag::find_tag(reader.db(), id, name).await? {
            Some(target) => (target.digest, Some((name.clone(), target))),
            None if tag::has_history(reader.db(), id, name).await? => {
                return Err(RepositoryError::TagExpired(name.to_string()));
            }
            None => return Err(RepositoryError::TagUnknown(name.to_string())),
        },
    };
    let found = manifest::find_manifest(reader.db(), id, &digest).await?;
    let manifest = found.ok_or_else(|| RepositoryError::ManifestUnknown(reference.to_string()))?;
    Ok(Found {
        row,
        target,
        pulled: PulledManifest {
            digest,
            manifest: Arc::new(manifest),
        },
    })
}

/// Asks who refers to a manifest.
#[derive(Debug, Message)]
#[rtype(result = "Result<Referrers, RepositoryError>")]
pub struct ListReferrers {
    /// The subject; it need not exist.
    pub subject: Digest,
    /// Only of this artifact type.
    pub artifact_type: Option<String>,
    /// Only those above this place, from an earlier page.
    pub after: i64,
}

/// A page of referrers.
#[derive(Debug, Clone)]
pub struct Referrers {
    /// The page, oldest first.
    pub entries: Vec<Referrer>,
    /// Where the next page starts, when there is one.
    pub next: Option<i64>,
}

const REFERRERS_AT_ONCE: i64 = 1000;

impl Handler<ListReferrers> for RepositoryActor {
    type Result = ResponseFuture<Result<Referrers, RepositoryError>>;

    fn handle(&mut self, msg: ListReferrers, _: &mut Context<Self>) -> Self::Result {
        self.count(false);
        let reader = self.reader();
        Box::pin(async move {
            let (id, _) = match reader.open().await {
                // The caller may read what would be here; the list is empty, not absent.
                Err(RepositoryError::Unknown(_)) => {
                    return Ok(Referrers {
                        entries: Vec::new(),
                        next: None,
                    });
                }
                opened => opened?,
            };
            let artifact_type = msg.artifact_type.as_deref();
            let (subject, after, limit) = (&msg.subject, msg.after, REFERRERS_AT_ONCE);
            let mut entries =
                manifest::list_referrers(reader.db(), id, subject, artifact_type, after, limit)
                    .await?;
            let was_full = i64::try_from(entries.len()).is_ok_and(|count| count >= limit);
            let fitting = count_fitting(&entries, reader.deps.settings.referrers_page_bytes);
            let is_cut = fitting < entries.len();
            entries.truncate(fitting);
            let next = entries
                .last()
                .map(|last| last.id)
                .filter(|_| is_cut || was_full);
            Ok(Referrers { entries, next })
        })
    }
}

/// Counts the entries whose rendering fits a page; one always does.
fn count_fitting(entries: &[Referrer], page_bytes: usize) -> usize {
    let mut bytes = 0_usize;
    let fitting = entries.iter().take_while(|entry| {
        let annotations = entry
            .annotations
            .as_ref()
            .map_or(0, |value| value.to_string().len());
        bytes = bytes.saturating_add(annotations).saturating_add(512);
        bytes <= page_bytes
    });
    fitting.count().max(1).min(entries.len())
}
