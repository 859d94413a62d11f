//! Manifests: pulling, pushing and deleting them.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use slipway_actors::repository::{
    DeleteManifest, DeleteTag, PullManifest, PulledManifest, PushManifest,
};
use slipway_auth::scope::ActionSet;
use slipway_oci::{Algorithm, Digest, OciCode, ParsedManifest, Reference, RepositoryName, TagName};

use super::error::OciError;
use super::{Exchange, V2Result, not_allowed};
use crate::edge::Caller;
use crate::edge::body::{BodyError, read_whole};

/// Tags that one push by digest may set.
const MAX_TAGS: usize = 100;

/// Answers a request for one manifest.
///
/// # Errors
/// The refusal.
pub async fn answer(
    exchange: &Exchange,
    method: &Method,
    name: &str,
    reference: &str,
    payload: Payload,
) -> V2Result {
    let name = exchange.state.repository_name(name)?;
    let needed = match *method {
        Method::GET | Method::HEAD => ActionSet::PULL,
        Method::PUT => ActionSet::PUSH,
        Method::DELETE => ActionSet::DELETE,
        _ => return Err(not_allowed()),
    };
    if needed != ActionSet::PULL {
        exchange.check_writable()?;
    }
    let caller = authorize(exchange, &name, needed)?;
    let reference = Reference::parse(reference)?;
    match *method {
        Method::PUT => push(exchange, &caller, &name, reference, payload).await,
        Method::DELETE => delete(exchange, &caller, &name, reference).await,
        _ => pull(exchange, &caller, &name, reference).await,
    }
}

/// Deleting takes the `delete` action, or `push`, which Quay's clients ask for.
fn authorize(
    exchange: &Exchange,
    name: &RepositoryName,
    needed: ActionSet,
) -> Result<Caller, OciError> {
    if needed == ActionSet::DELETE
        && let Ok(caller) = Caller::require(exchange, name, ActionSet::PUSH)
    {
        return Ok(caller);
    }
    Caller::require(exchange, name, needed)
}

async fn pull(
    exchange: &Exchange,
    caller: &Caller,
    name: &RepositoryName,
    reference: Reference,
) -> V2Result {
    let state = &*exchange.state;
    let tag = match &reference {
        Reference::Tag(tag) => Some(tag.clone()),
        Reference::Digest(_) => None,
    };
    let PulledManifest { digest, manifest } = state
        .actors
        .ask_repository(name, PullManifest { reference })
        .await?;
    let digest_text = digest.to_string();
    let etag = format!("\"{digest_text}\"");
    let is_known = exchange
        .header("if-none-match")
        .is_some_and(|known| matches(known, &etag));
    let status = if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let mut response = HttpResponse::build(status);
    response
        .insert_header(("docker-content-digest", digest_text))
        .insert_header(("docker-distribution-api-version", "registry/2.0"))
        .insert_header(("etag", etag))
        .insert_header(("x-content-type-options", "nosniff"));
    if is_known {
        return Ok(response.finish());
    }
    if exchange.request.method() == Method::GET {
        crate::observe::record_pull(exchange, caller, name, &digest, tag.as_ref())?;
    }
    response.insert_header(("content-type", manifest.media_type.as_str()));
    Ok(response.body(manifest.bytes.clone()))
}

/// Says whether an `If-None-Match` header names the tag.
#[must_use]
pub fn matches(header: &str, etag: &str) -> bool {
    header.split(',').map(str::trim).any(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known);
        known == "*" || known == etag
    })
}

async fn push(
    exchange: &Exchange,
    caller: &Caller,
    name: &RepositoryName,
    reference: Reference,
    payload: Payload,
) -> V2Result {
    let state = &*exchange.state;
    let limit = state.manifest_limits.max_bytes;
    let stall = state.config.server.body_stall_timeout;
    let bytes = match read_whole(payload, exchange.content_length(), limit, stall).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge { limit_bytes }) => {
            let text = format!("manifest exceeds the limit of {limit_bytes} bytes");
            let error = OciError::new(OciCode::SizeInvalid).message(text);
            return Err(error.status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(BodyError::Broken(broken)) => return Err(broken.into()),
    };
    let (digest, tags) = read_target(exchange, reference, &bytes)?;
    let content_type = exchange.header("content-type");
    let mut parsed = ParsedManifest::parse(content_type, &bytes, &state.manifest_limits)?;
    make_storable(&mut parsed);
    // The memory of a read buffer would be held as long as the manifest is cached.
    let bytes = actix_web::web::Bytes::copy_from_slice(&bytes);
    let set_tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    let msg = PushManifest {
        bytes,
        digest,
        parsed,
        tags,
        ensure: super::upload::ensure(exchange, caller),
    };
    let pushed = state.actors.ask_repository(name, msg).await?;
    let mut response = HttpResponse::Created();
    response
        .insert_header((
            "location",
            state.link(format_args!("/v2/{name}/manifests/{}", pushed.digest)),
        ))
        .insert_header(("docker-content-digest", pushed.digest.to_string()))
        .insert_header(("docker-distribution-api-version", "registry/2.0"));
    if let Some(subject) = pushed.subject {
        response.insert_header(("oci-subject", subject.to_string()));
    }
    if exchange.request.query_string().contains("tag=") {
        for tag in set_tags {
            response.append_header(("oci-tag", tag));
        }
    }
    Ok(response.body("OK"))
}

/// PostgreSQL keeps no zero bytes in text, so lists of referrers show another character for them;
/// the manifest itself stays as it was sent.
fn make_storable(parsed: &mut ParsedManifest) {
    let is_plain = |text: &str| !text.contains('\0');
    let annotations = &mut parsed.annotations;
    if annotations
        .iter()
        .all(|(key, value)| is_plain(key) && is_plain(value))
    {
        return;
    }
    *annotations = std::mem::take(annotations)
        .into_iter()
        .map(|(key, value)| {
            (
                key.replace('\0', "\u{fffd}"),
                value.replace('\0', "\u{fffd}"),
            )
        })
        .collect();
}

/// The digest and the tags that a push names, checked against the bytes.
fn read_target(
    exchange: &Exchange,
    reference: Reference,
    bytes: &[u8],
) -> Result<(Digest, Vec<TagName>), OciError> {
    let mut tags = Vec::new();
    let digest = match reference {
        Reference::Tag(tag) => {
            tags.push(tag);
            match exchange.query("digest") {
                Some(text) => checked(&text, bytes)?,
                None => Digest::of(Algorithm::Sha256, bytes),
            }
        }
        Reference::Digest(digest) => checked(&digest.to_string(), bytes)?,
    };
    for text in exchange.query_all("tag") {
        let tag = TagName::parse(&text)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > MAX_TAGS {
        let text = format!("one push sets at most {MAX_TAGS} tags");
        let error = OciError::new(OciCode::InvalidRequest).message(text);
        return Err(error.status(StatusCode::URI_TOO_LONG));
    }
    Ok((digest, tags))
}

fn checked(text: &str, bytes: &[u8]) -> Result<Digest, OciError> {
    let stated = Digest::parse(text)?;
    let actual = Digest::of(stated.algorithm(), bytes);
    if actual == stated {
        return Ok(stated);
    }
    Err(OciError::new(OciCode::DigestInvalid)
        .message("manifest digest mismatch")
        .detail(serde_json::json!({ "stated": stated, "actual": actual })))
}

async fn delete(
    exchange: &Exchange,
    caller: &Caller,
    name: &RepositoryName,
    reference: Reference,
) -> V2Result {
    let actors = &exchange.state.actors;
    let origin = caller.origin(exchange);
    match reference {
        Reference::Tag(tag) => {
            let msg = DeleteTag {
                tag,
                username: None,
                origin,
            };
            actors.ask_repository(name, msg).await?;
        }
        Reference::Digest(digest) => {
            actors
                .ask_repository(name, DeleteManifest { digest, origin })
                .await?;
        }
    }
    Ok(HttpResponse::Accepted().finish())
}
