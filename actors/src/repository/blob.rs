//! Blobs as one repository sees them: present or not.

use std::ops::Range;
use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use slipway_model::RepositoryId;
use slipway_model::blob::{self, Content, Found, StoredBlob, Unlinked};
use slipway_oci::{Digest, RangeRequest, parse_range};
use slipway_storage::{BlobRead, LocalPart, StorageError};

use super::{OpenRow, Reader, RepositoryActor, RepositoryError};
use crate::kernel::enqueue;
use crate::node::settle;
use crate::upload::session::to_segment;

/// What is known of a blob without reading it.
#[derive(Debug, Clone, Copy)]
pub struct BlobInfo {
    /// Its size.
    pub size_bytes: u64,
}

/// Asks whether a blob is here; "yes" holds for a lease.
#[derive(Debug, Message)]
#[rtype(result = "Result<BlobInfo, RepositoryError>")]
pub struct FindBlob {
    /// Which.
    pub digest: Digest,
}

impl Handler<FindBlob> for RepositoryActor {
    type Result = ActorResponse<Self, Result<BlobInfo, RepositoryError>>;

    fn handle(&mut self, msg: FindBlob, _: &mut Context<Self>) -> Self::Result {
        if let Some(blob) = self.blob_from_memory(&msg.digest) {
            return ActorResponse::reply(Ok(BlobInfo {
                size_bytes: blob.size_bytes,
            }));
        }
        ActorResponse::r#async(self.look_up(msg.digest).map(|found, _: &mut Self, _| {
            found.map(|(blob, _)| BlobInfo {
                size_bytes: blob.size_bytes,
            })
        }))
    }
}

/// Asks for a blob's bytes.
#[derive(Debug, Message)]
#[rtype(result = "Result<OpenedBlob, RepositoryError>")]
pub struct OpenBlob {
    /// Which.
    pub digest: Digest,
    /// The Range header as it came.
    pub range: Option<String>,
}

/// A blob that is open for reading.
pub struct OpenedBlob {
    /// Its whole size.
    pub size_bytes: u64,
    /// What part of it was asked for.
    pub range: RangeRequest,
    /// That part; nothing when the range cannot be satisfied.
    pub bytes: BlobBytes,
}

/// Bytes on their way to a client.
pub enum BlobBytes {
    /// Nothing.
    None,
    /// In memory.
    Memory(Bytes),
    /// Parts of local files, in order.
    Files(Vec<LocalPart>),
    /// From elsewhere.
    Stream(BoxStream<'static, Result<Bytes, StorageError>>),
}

impl Handler<OpenBlob> for RepositoryActor {
    type Result = ActorResponse<Self, Result<OpenedBlob, RepositoryError>>;

    fn handle(&mut self, msg: OpenBlob, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        if let Some(blob) = self.blob_from_memory(&msg.digest) {
            if let Content::Inline(bytes) = &blob.content {
                return ActorResponse::reply(Ok(open_inline(bytes, msg.range.as_deref())));
            }
            return ActorResponse::r#async(fut::wrap_future(async move {
                open_blob(&deps, &blob, msg.range.as_deref()).await
            }));
        }
        let digest = msg.digest;
        ActorResponse::r#async(self.look_up(digest).then(move |found, _: &mut Self, _| {
            fut::wrap_future(async move {
                let (blob, deps) = found?;
                open_blob(&deps, &blob, msg.range.as_deref()).await
            })
        }))
    }
}

fn open_inline(bytes: &Bytes, range: Option<&str>) -> OpenedBlob {
    let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let range = parse_range(range, size_bytes);
    let part = wanted(&range, size_bytes)
        .and_then(|part| Some(usize::try_from(part.start).ok()?..usize::try_from(part.end).ok()?));
    let bytes = part.map_or(BlobBytes::None, |part| BlobBytes::Memory(bytes.slice(part)));
    OpenedBlob {
        size_bytes,
        range,
        bytes,
    }
}

async fn open_blob(
    deps: &crate::deps::Deps,
    blob: &StoredBlob,
    range: Option<&str>,
) -> Result<OpenedBlob, RepositoryError> {
    let segments = match &blob.content {
        Content::Inline(bytes) => return Ok(open_inline(bytes, range)),
        Content::Segments(segments) => segments,
    };
    let size_bytes = blob.size_bytes;
    let range = parse_range(range, size_bytes);
    let Some(part) = wanted(&range, size_bytes) else {
        return Ok(OpenedBlob {
            size_bytes,
            range,
            bytes: BlobBytes::None,
        });
    };
    let segments: Vec<_> = segments.iter().map(to_segment).collect();
    let bytes = match deps.store.read(&segments, part).await? {
        BlobRead::Local(parts) => BlobBytes::Files(parts),
        BlobRead::Stream(stream) => BlobBytes::Stream(stream),
    };
    Ok(OpenedBlob {
        size_bytes,
        range,
        bytes,
    })
}

fn wanted(range: &RangeRequest, size_bytes: u64) -> Option<Range<u64>> {
    match *range {
        RangeRequest::Full => Some(0..size_bytes),
        RangeRequest::Partial {
            start,
            end_inclusive,
        } => Some(start..end_inclusive + 1),
        RangeRequest::Unsatisfiable => None,
    }
}

type LookUp = Result<(Arc<StoredBlob>, Arc<crate::deps::Deps>), RepositoryError>;

impl RepositoryActor {
    fn blob_from_memory(&mut self, digest: &Digest) -> Option<Arc<StoredBlob>> {
        if !self.may_answer_from_memory() {
            return None;
        }
        self.known_id()?;
        let blob = self.cache.blob(digest)?;
        self.count(true);
        Some(blob)
    }

    fn look_up(&mut self, digest: Digest) -> impl ActorFuture<Self, Output = LookUp> + use<> {
        self.count(false);
        let reader = self.reader();
        let work = async move {
            let outcome = find(&reader, &digest).await;
            (reader, outcome)
        };
        fut::wrap_future(work).map(
            move |(reader, outcome): (Reader, Result<_, RepositoryError>), actor: &mut Self, _| {
                let (row, blob): (Option<OpenRow>, StoredBlob) = outcome?;
                let blob = Arc::new(blob);
                if reader.version == actor.version {
                    actor.learn(&reader, row);
                    actor.cache.keep_blob(digest, Arc::clone(&blob));
                }
                Ok((blob, reader.deps))
            },
        )
    }
}

pub(super) async fn find(
    reader: &Reader,
    digest: &Digest,
) -> Result<(Option<OpenRow>, StoredBlob), RepositoryError> {
    let (id, row) = reader.open().await?;
    for _ in 0..LOOKS {
        match blob::find_blob(reader.db(), id, digest, reader.deps.lease_s()).await? {
            Some(Found::Present(blob)) => return Ok((row, blob)),
            Some(Found::Suspect(suspect)) => settle(&reader.deps, suspect).await?,
            None => return Err(RepositoryError::BlobUnknown(*digest)),
        }
    }
    Err(still_suspect(digest))
}

/// Looks for a blob that is found suspect: one that finds it, one after its check, and one more in
/// case another copy took its place and became suspect in turn.
const LOOKS: usize = 3;

fn still_suspect(digest: &Digest) -> RepositoryError {
    RepositoryError::Unavailable(format!("blob `{digest}` is being checked"))
}

/// Finds where a blob may be taken from, relying on nothing that is suspect.
async fn find_source(
    reader: &Reader,
    digest: &Digest,
    from: &MountFrom,
) -> Result<Option<RepositoryId>, RepositoryError> {
    for _ in 0..LOOKS {
        let Some(found) = blob::find_source(reader.db(), digest, from).await? else {
            return Ok(None);
        };
        match found.suspect {
            None => return Ok(Some(found.repository)),
            Some(suspect) => settle(&reader.deps, suspect).await?,
        }
    }
    Err(still_suspect(digest))
}

/// Tells the actor of a blob that was just committed here.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RememberBlob {
    /// Which.
    pub digest: Digest,
    /// Its row.
    pub blob: StoredBlob,
}

impl Handler<RememberBlob> for RepositoryActor {
    type Result = ();

    fn handle(&mut self, msg: RememberBlob, _: &mut Context<Self>) {
        self.cache.keep_blob(msg.digest, Arc::new(msg.blob));
    }
}

/// Where a mounted blob may come from, decided for the account behind the token.
pub use slipway_model::blob::Source as MountFrom;

/// Makes a blob of another repository present here; answers whether the source had it.
#[derive(Debug, Message)]
#[rtype(result = "Result<bool, RepositoryError>")]
pub struct MountBlob {
    /// Which.
    pub digest: Digest,
    /// Where from.
    pub from: MountFrom,
}

impl Handler<MountBlob> for RepositoryActor {
    type Result = ResponseFuture<Result<bool, RepositoryError>>;

    fn handle(&mut self, msg: MountBlob, _: &mut Context<Self>) -> Self::Result {
        let reader = self.reader();
        Box::pin(async move {
            let (id, _) = reader.open().await?;
            let Some(source) = find_source(&reader, &msg.digest, &msg.from).await? else {
                return Ok(false);
            };
            let lease_s = reader.deps.lease_s();
            Ok(blob::link_blob(reader.db(), source, id, &msg.digest, lease_s).await?)
        })
    }
}

/// Removes a blob's presence here.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct DeleteBlob {
    /// Which.
    pub digest: Digest,
}

impl Handler<DeleteBlob> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: DeleteBlob, ctx: &mut Context<Self>) -> Self::Result {
        let digest = msg.digest;
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move {
                let (id, _) = reader.open().await?;
                Ok(blob::unlink_blob(reader.db(), id, &digest).await?)
            }
        };
        enqueue(
            self,
            ctx,
            plan,
            move |actor: &mut Self, outcome: Result<Unlinked, _>| {
                actor.version = actor.version.wrapping_add(1);
                actor.cache.blobs.pop(&digest);
                match outcome? {
                    Unlinked::Removed => Ok(()),
                    Unlinked::Unknown => Err(RepositoryError::BlobUnknown(digest)),
                    Unlinked::Needed => Err(RepositoryError::BlobNeeded(digest)),
                }
            },
        )
    }
}
