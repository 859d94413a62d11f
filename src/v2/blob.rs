//! Blobs: pulling them, whole or in part, and removing them from a repository.

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use slipway_actors::repository::{BlobBytes, DeleteBlob, FindBlob, OpenBlob, OpenedBlob};
use slipway_auth::scope::ActionSet;
use slipway_oci::{Digest, OciCode, RangeRequest};
use slipway_transport::{FilePart, respond_file};

use super::error::OciError;
use super::manifest::matches;
use super::{Exchange, V2Result};
use crate::edge::Caller;

/// The headers every answer with or about a blob has.
fn describe(response: &mut HttpResponseBuilder, digest: &str) {
    response
        .insert_header(("content-type", "application/octet-stream"))
        .insert_header(("docker-content-digest", digest))
        .insert_header(("etag", format!("\"{digest}\"")))
        .insert_header(("accept-ranges", "bytes"))
        .insert_header(("cache-control", "max-age=31536000"))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("content-security-policy", "sandbox"));
}

/// Answers `HEAD`.
///
/// # Errors
/// 401, 404.
pub async fn head(exchange: &Exchange, name: &str, digest: &str) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    Caller::require(exchange, &name, ActionSet::PULL)?;
    let digest = Digest::parse(digest)?;
    let found = state
        .actors
        .ask_repository(&name, FindBlob { digest })
        .await?;
    let mut response = HttpResponse::Ok();
    describe(&mut response, &digest.to_string());
    response.no_chunking(found.size_bytes);
    Ok(response.body(SizedStream::new(
        found.size_bytes,
        futures_util::stream::empty::<Result<_, std::io::Error>>(),
    )))
}

/// Answers `GET`.
///
/// # Errors
/// 401, 404, 416.
pub async fn pull(exchange: &Exchange, name: &str, digest: &str) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    Caller::require(exchange, &name, ActionSet::PULL)?;
    let digest = Digest::parse(digest)?;
    let digest_text = digest.to_string();
    let etag = format!("\"{digest_text}\"");
    if exchange
        .header("if-none-match")
        .is_some_and(|known| matches(known, &etag))
    {
        // Whoever may know the digest here may know that it is unchanged.
        state
            .actors
            .ask_repository(&name, FindBlob { digest })
            .await?;
        let mut response = HttpResponse::build(StatusCode::NOT_MODIFIED);
        describe(&mut response, &digest_text);
        return Ok(response.finish());
    }
    let is_same = exchange
        .header("if-range")
        .is_none_or(|known| known == etag);
    let range = exchange
        .header("range")
        .filter(|_| is_same)
        .map(str::to_owned);
    let opened = state
        .actors
        .ask_repository(&name, OpenBlob { digest, range })
        .await?;
    send(exchange, &digest_text, opened)
}

fn send(exchange: &Exchange, digest: &str, opened: OpenedBlob) -> V2Result {
    let total = opened.size_bytes;
    let (status, len) = match opened.range {
        RangeRequest::Full => (StatusCode::OK, total),
        RangeRequest::Partial {
            start,
            end_inclusive,
        } => (
            StatusCode::PARTIAL_CONTENT,
            end_inclusive.saturating_sub(start).saturating_add(1),
        ),
        RangeRequest::Unsatisfiable => {
            return Err(OciError::new(OciCode::SizeInvalid)
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .message("the range is not satisfiable")
                .header("content-range", format!("bytes */{total}")));
        }
    };
    let mut response = HttpResponse::build(status);
    describe(&mut response, digest);
    if let RangeRequest::Partial {
        start,
        end_inclusive,
    } = opened.range
    {
        response.insert_header((
            "content-range",
            format!("bytes {start}-{end_inclusive}/{total}"),
        ));
    }
    Ok(match opened.bytes {
        BlobBytes::None => response.finish(),
        BlobBytes::Memory(bytes) => response.body(bytes),
        BlobBytes::Files(parts) => {
            let parts = parts
                .into_iter()
                .map(|part| FilePart {
                    file: part.file,
                    offset: part.offset,
                    len: part.len,
                })
                .collect();
            respond_file(&exchange.request, response, parts)
        }
        BlobBytes::Stream(stream) => response.body(SizedStream::new(len, stream)),
    })
}

/// Answers `DELETE`: the blob is no longer here; its bytes are another matter.
///
/// # Errors
/// 401, 404, 405 while a served manifest needs it.
pub async fn delete(exchange: &Exchange, name: &str, digest: &str) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    exchange.check_writable()?;
    Caller::require(exchange, &name, ActionSet::PUSH)
        .or_else(|_| Caller::require(exchange, &name, ActionSet::DELETE))?;
    let digest = Digest::parse(digest)?;
    state
        .actors
        .ask_repository(&name, DeleteBlob { digest })
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
