//! `GET /v2/<name>/referrers/<digest>`.
//!
//! An unknown subject has an empty list, as the distribution specification says.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use slipway_actors::repository::ListReferrers;
use slipway_auth::scope::ActionSet;
use slipway_oci::{Digest, OciCode};

use super::error::OciError;
use super::{Exchange, V2Result};
use crate::edge::Caller;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Lists who refers to a manifest.
///
/// # Errors
/// 401, 400 for a malformed digest or page mark.
pub async fn list(exchange: &Exchange, name: &str, digest: &str) -> V2Result {
    let state = &*exchange.state;
    let name = state.repository_name(name)?;
    Caller::require(exchange, &name, ActionSet::PULL)?;
    let subject = Digest::parse(digest)?;
    let artifact_type = exchange
        .plain_query("artifactType")?
        .filter(|text| !text.is_empty());
    let after = match exchange.query("after") {
        None => 0,
        Some(mark) => mark.parse().map_err(|_| {
            OciError::new(OciCode::InvalidRequest).message(format!("invalid page mark `{mark}`"))
        })?,
    };
    let msg = ListReferrers {
        subject,
        artifact_type: artifact_type.clone(),
        after,
    };
    let page = state.actors.ask_repository(&name, msg).await?;
    let manifests: Vec<Value> = page
        .entries
        .iter()
        .map(|entry| {
            let mut object = Map::new();
            object.insert("mediaType".to_owned(), json!(entry.media_type));
            object.insert("digest".to_owned(), json!(entry.digest));
            object.insert("size".to_owned(), json!(entry.size_bytes));
            if let Some(artifact_type) = &entry.artifact_type {
                object.insert("artifactType".to_owned(), json!(artifact_type));
            }
            if let Some(annotations) = &entry.annotations {
                object.insert("annotations".to_owned(), annotations.clone());
            }
            Value::Object(object)
        })
        .collect();
    let mut response = HttpResponse::Ok();
    response.insert_header(("content-type", INDEX));
    if let Some(artifact_type) = &artifact_type {
        response.insert_header(("oci-filters-applied", "artifactType"));
        if let Some(next) = page.next {
            let wanted = percent_encoding::utf8_percent_encode(
                artifact_type,
                percent_encoding::NON_ALPHANUMERIC,
            );
            let path = state.link(format_args!("/v2/{name}/referrers/{subject}"));
            let link = format!("<{path}?artifactType={wanted}&after={next}>; rel=\"next\"");
            response.insert_header(("link", link));
        }
    } else if let Some(next) = page.next {
        let path = state.link(format_args!("/v2/{name}/referrers/{subject}"));
        let link = format!("<{path}?after={next}>; rel=\"next\"");
        response.insert_header(("link", link));
    }
    let body = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    Ok(response.body(body.to_string()))
}
