//! Reading the config of an image, which is a blob like others.
//!
//! A small one is in memory when it was just pushed or asked for, which is so in a usual push; else
//! it is read from its row or from the store. What cannot be read as a config is none.

use actix::prelude::*;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use slipway_model::blob::{Content, StoredBlob};
use slipway_oci::config::CONFIG_BYTES;
use slipway_oci::{Descriptor, Digest, ImageConfig, ManifestError, ManifestLimits, ParsedManifest};
use slipway_oci::{Reference, media_type};
use std::sync::Arc;

use super::manifest::{Manifest, find as find_manifest};
use super::{Reader, RepositoryActor, RepositoryError, blob};
use crate::upload::session::to_segment;

/// Configs up to this size are parsed where they are; larger ones on a thread for it.
const PARSED_AT_ONCE_BYTES: usize = 64 << 10;
const READ_BYTES: usize = 256 << 10;

/// Reads a config; `known` are its bytes when memory has them. `None` when it is not here, too
/// large, or none of an image.
pub(super) async fn read_config(
    reader: &Reader,
    known: Option<Bytes>,
    config: Option<&Descriptor>,
) -> Result<Option<ImageConfig>, RepositoryError> {
    let named = config.filter(|config| {
        ImageConfig::is_named_by(&config.media_type) && config.size_bytes <= CONFIG_BYTES
    });
    let Some(config) = named else {
        return Ok(None);
    };
    let bytes = match known {
        Some(bytes) => bytes,
        None => match blob::find(reader, &config.digest).await {
            Ok((_, found)) if found.size_bytes <= CONFIG_BYTES => read_blob(reader, &found).await?,
            Ok(_) | Err(RepositoryError::BlobUnknown(_)) => return Ok(None),
            Err(error) => return Err(error),
        },
    };
    let parsed = parse(bytes).await?;
    if let Err(fault) = &parsed {
        tracing::debug!(blob.digest = %config.digest, %fault, "a config cannot be read");
    }
    Ok(parsed.ok())
}

async fn parse(bytes: Bytes) -> Result<Result<ImageConfig, ManifestError>, RepositoryError> {
    if bytes.len() <= PARSED_AT_ONCE_BYTES {
        return Ok(ImageConfig::parse(&bytes));
    }
    let parsed = tokio::task::spawn_blocking(move || ImageConfig::parse(&bytes)).await;
    parsed.map_err(|error| RepositoryError::Internal(error.to_string()))
}

async fn read_blob(reader: &Reader, blob: &StoredBlob) -> Result<Bytes, RepositoryError> {
    let segments = match &blob.content {
        Content::Inline(bytes) => return Ok(bytes.clone()),
        Content::Segments(segments) => segments,
    };
    let segments: Vec<_> = segments.iter().map(to_segment).collect();
    let store = &reader.deps.store;
    let mut stream = store
        .read(&segments, 0..blob.size_bytes)
        .await?
        .into_stream(READ_BYTES);
    let mut bytes = BytesMut::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes.freeze())
}

/// Asks for a manifest with what it and its config say.
#[derive(Debug, Message)]
#[rtype(result = "Result<InspectedManifest, RepositoryError>")]
pub struct InspectManifest {
    /// Which.
    pub digest: Digest,
}

/// A manifest and what it says.
#[derive(Debug, Clone)]
pub struct InspectedManifest {
    /// As it is served.
    pub manifest: Arc<Manifest>,
    /// Its parts.
    pub parsed: ParsedManifest,
    /// Its config, when that is one of an image and can be read.
    pub config: Option<ImageConfig>,
}

impl Handler<InspectManifest> for RepositoryActor {
    type Result = ActorResponse<Self, Result<InspectedManifest, RepositoryError>>;

    fn handle(&mut self, msg: InspectManifest, _: &mut Context<Self>) -> Self::Result {
        let reference = Reference::Digest(msg.digest);
        let known = self.manifest_from_memory(&reference);
        self.count(known.is_some());
        let reader = self.reader();
        let found = fut::wrap_future(async move {
            let manifest = match known {
                Some(pulled) => pulled.manifest,
                None => find_manifest(&reader, &reference).await?.pulled.manifest,
            };
            Ok((reader, parse_stored(&manifest)?, manifest))
        });
        ActorResponse::r#async(found.then(
            |found: Result<_, RepositoryError>, actor: &mut Self, _| {
                let with_bytes = found.map(|(reader, parsed, manifest)| {
                    let config = parsed.config.as_ref();
                    let known = config.and_then(|config| actor.cache.inline_bytes(&config.digest));
                    (reader, parsed, manifest, known)
                });
                fut::wrap_future(async move {
                    let (reader, parsed, manifest, known) = with_bytes?;
                    let config = read_config(&reader, known, parsed.config.as_ref()).await?;
                    Ok(InspectedManifest {
                        manifest,
                        parsed,
                        config,
                    })
                })
            },
        ))
    }
}

/// Takes apart a manifest that was accepted once, whatever the limits were then.
fn parse_stored(manifest: &Manifest) -> Result<ParsedManifest, RepositoryError> {
    let limits = ManifestLimits {
        max_bytes: usize::MAX,
        max_values: usize::MAX,
        max_descriptors: usize::MAX,
        ..ManifestLimits::default()
    };
    let media_type = media_type::essence(&manifest.media_type);
    ParsedManifest::parse(Some(&media_type), &manifest.bytes, &limits)
        .map_err(|fault| RepositoryError::Internal(fault.to_string()))
}
