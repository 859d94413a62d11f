//! Uploads: starting, mounting, appending, finishing, asking, cancelling.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use slipway_actors::UploadId;
use slipway_actors::repository::{EnsureRepository, MountBlob, MountFrom, RememberBlob};
use slipway_actors::upload::{
    AppendChunk, Body, CancelUpload, FinishUpload, GetProgress, UploadError, UploadOwner,
};
use slipway_auth::flood::network;
use slipway_auth::scope::ActionSet;
use slipway_oci::{Algorithm, ContentRange, Digest, OciCode, RepositoryName};

use super::error::OciError;
use super::{Exchange, V2Result, not_allowed};
use crate::edge::Caller;
use crate::edge::body::take_upload_body;

/// A body may take as long as it makes progress; this only ends what was forgotten.
const BODY_DEADLINE: Duration = Duration::from_secs(7 * 86_400);

/// What makes sure that the repository is there.
#[must_use]
pub fn ensure(exchange: &Exchange, caller: &Caller) -> EnsureRepository {
    let registry = &exchange.state.config.registry;
    EnsureRepository {
        origin: caller.origin(exchange),
        namespaces: caller.namespaces(),
        creates_namespace: registry.create_namespace_on_push || registry.open_test_registry,
    }
}

/// Starts an upload, mounts a blob instead, or takes a whole blob at once.
///
/// # Errors
/// 401, 405 while no pushes are taken, 400 for malformed parameters.
pub async fn start(exchange: &Exchange, name: &str, payload: Payload) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    exchange.check_writable()?;
    let caller = Caller::require(exchange, &name, ActionSet::PUSH)?;
    if let Some(mount) = exchange.query("mount")
        && let Some(response) = mount_blob(exchange, &caller, &name, &mount).await?
    {
        return Ok(response);
    }
    let digest = match exchange.query("digest") {
        Some(text) => Some(Digest::parse(&text)?),
        None => None,
    };
    let algorithm = match (digest, exchange.query("digest-algorithm")) {
        (Some(digest), _) => digest.algorithm(),
        (None, Some(text)) => parse_algorithm(&text)?,
        (None, None) => Algorithm::Sha256,
    };
    let owner = UploadOwner {
        account: caller.account,
        network: exchange.facts.client.address.map(network),
    };
    let id = state
        .actors
        .start_upload(&name, ensure(exchange, &caller), algorithm, owner)
        .await?;
    match digest {
        Some(digest) => finish(exchange, &name, id, digest, None, payload).await,
        None => Ok(accepted(exchange, &name, id, 0)),
    }
}

fn parse_algorithm(text: &str) -> Result<Algorithm, OciError> {
    match text {
        "sha256" => Ok(Algorithm::Sha256),
        "sha512" => Ok(Algorithm::Sha512),
        other => Err(OciError::new(OciCode::DigestInvalid)
            .message(format!("unsupported digest algorithm `{other}`"))),
    }
}

async fn mount_blob(
    exchange: &Exchange,
    caller: &Caller,
    name: &RepositoryName,
    mount: &str,
) -> Result<Option<HttpResponse>, OciError> {
    let state = &*exchange.state;
    let digest = Digest::parse(mount)?;
    let repository = match exchange.query("from").filter(|from| !from.is_empty()) {
        Some(from) => Some(state.repository_name(&from)?),
        None => None,
    };
    let from = MountFrom {
        repository,
        account: caller.account,
        reads_everything: caller.is_everyone(),
    };
    state
        .actors
        .ask_repository(name, ensure(exchange, caller))
        .await?;
    let is_mounted = state
        .actors
        .ask_repository(name, MountBlob { digest, from })
        .await?;
    Ok(is_mounted.then(|| created(exchange, name, &digest)))
}

/// Answers a request for one upload.
///
/// # Errors
/// The refusal.
pub async fn answer(
    exchange: &Exchange,
    method: &Method,
    name: &str,
    id: &str,
    payload: Payload,
) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    if *method != Method::GET {
        exchange.check_writable()?;
    }
    Caller::require(exchange, &name, ActionSet::PUSH)?;
    let id = UploadId::parse_str(id).map_err(|_| OciError::new(OciCode::BlobUploadUnknown))?;
    match *method {
        Method::PATCH => append(exchange, &name, id, payload).await,
        Method::PUT => {
            let text = exchange.query("digest").ok_or_else(|| {
                OciError::new(OciCode::BlobUploadInvalid).message("the digest is missing")
            })?;
            let (digest, range) = (Digest::parse(&text)?, read_range(exchange)?);
            finish(exchange, &name, id, digest, range, payload).await
        }
        Method::GET | Method::HEAD => {
            let deadline = state.config.server.body_stall_timeout;
            let progress = state
                .actors
                .ask_upload(&name, id, GetProgress, deadline)
                .await?;
            Ok(with_progress(
                exchange,
                StatusCode::NO_CONTENT,
                &name,
                id,
                progress.offset_bytes,
            ))
        }
        Method::DELETE => {
            let deadline = state.config.server.body_stall_timeout;
            state
                .actors
                .ask_upload(&name, id, CancelUpload, deadline)
                .await?;
            Ok(HttpResponse::NoContent().finish())
        }
        _ => Err(not_allowed()),
    }
}

fn read_range(exchange: &Exchange) -> Result<Option<ContentRange>, OciError> {
    match exchange.header("content-range") {
        Some(text) => Ok(Some(ContentRange::parse(text)?)),
        None => Ok(None),
    }
}

async fn append(
    exchange: &Exchange,
    name: &RepositoryName,
    id: UploadId,
    payload: Payload,
) -> V2Result {
    let range = read_range(exchange)?;
    let body = take_body(exchange, payload).await?;
    let msg = AppendChunk { range, body };
    let progress = exchange
        .state
        .actors
        .ask_upload(name, id, msg, BODY_DEADLINE)
        .await;
    let progress = progress.map_err(|error| place(exchange, name, id, error))?;
    Ok(accepted(exchange, name, id, progress.offset_bytes))
}

async fn finish(
    exchange: &Exchange,
    name: &RepositoryName,
    id: UploadId,
    digest: Digest,
    range: Option<ContentRange>,
    payload: Payload,
) -> V2Result {
    let actors = &exchange.state.actors;
    let body = take_body(exchange, payload).await?;
    let msg = FinishUpload {
        digest,
        range,
        body,
    };
    let stored = actors.ask_upload(name, id, msg, BODY_DEADLINE).await;
    let stored = stored.map_err(|error| place(exchange, name, id, error))?;
    if let Some(blob) = stored.blob {
        actors.remember_blob(name, RememberBlob { digest, blob });
    }
    Ok(created(exchange, name, &digest))
}

async fn take_body(exchange: &Exchange, payload: Payload) -> Result<Body, OciError> {
    let config = &exchange.state.config;
    let limit_bytes = config.registry.max_layer_bytes.bytes();
    let announced = exchange.content_length();
    if announced.is_some_and(|announced| announced > limit_bytes) {
        return Err(UploadError::TooLarge { limit_bytes }.into());
    }
    let whole_bytes = config.storage.inline_bytes.bytes();
    let stall = config.server.body_stall_timeout;
    Ok(take_upload_body(payload, announced, whole_bytes, limit_bytes, stall).await?)
}

/// A refusal of a chunk says where the upload is, so that the client can go on.
fn place(exchange: &Exchange, name: &RepositoryName, id: UploadId, error: UploadError) -> OciError {
    let offset = match &error {
        UploadError::OutOfOrder { offset_bytes } => Some(*offset_bytes),
        _ => None,
    };
    let error = OciError::from(error);
    match offset {
        Some(offset) => error
            .header("location", upload_link(exchange, name, id))
            .header("range", render_range(offset))
            .header("docker-upload-uuid", id.to_string()),
        None => error,
    }
}

fn upload_link(exchange: &Exchange, name: &RepositoryName, id: UploadId) -> String {
    let path = format_args!("/v2/{name}/blobs/uploads/{id}");
    exchange.state.link(path)
}

/// `0-N`, the last byte inclusive; an empty upload reads `0-0`, as clients expect.
fn render_range(offset_bytes: u64) -> String {
    format!("0-{}", offset_bytes.saturating_sub(1))
}

fn with_progress(
    exchange: &Exchange,
    status: StatusCode,
    name: &RepositoryName,
    id: UploadId,
    offset_bytes: u64,
) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("location", upload_link(exchange, name, id)))
        .insert_header(("range", render_range(offset_bytes)))
        .insert_header(("docker-upload-uuid", id.to_string()))
        .insert_header(("docker-distribution-api-version", "registry/2.0"))
        .finish()
}

fn accepted(
    exchange: &Exchange,
    name: &RepositoryName,
    id: UploadId,
    offset_bytes: u64,
) -> HttpResponse {
    with_progress(exchange, StatusCode::ACCEPTED, name, id, offset_bytes)
}

fn created(exchange: &Exchange, name: &RepositoryName, digest: &Digest) -> HttpResponse {
    let path = format_args!("/v2/{name}/blobs/{digest}");
    HttpResponse::Created()
        .insert_header(("location", exchange.state.link(path)))
        .insert_header(("docker-content-digest", digest.to_string()))
        .insert_header(("docker-distribution-api-version", "registry/2.0"))
        .finish()
}
