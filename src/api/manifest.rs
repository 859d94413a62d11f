//! Manifests: what they say, and their labels.
//!
//! Quay: `endpoints/api/manifest.py`.

use actix_web::http::header::{self, HeaderValue};
use serde_json::{Value, json};
use slipway_actors::repository::{
    AddLabel, DeleteLabel, GetLabel, InspectManifest, InspectedManifest, Label, ListLabels,
};
use slipway_auth::api_scope::ApiScope;
use slipway_oci::{Descriptor, Digest, HistoryStep, ManifestKind};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::call::Call;
use super::date;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Kind, Param, Schema, TEXT, required, text_param};
use super::tag::{READ, WRITE, author, repository};

/// The digest of the layer that a step without one is shown with: an empty archive, compressed.
const EMPTY_LAYER: &str = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
const EMPTY_LAYER_BYTES: u64 = 32;

const LIST: &[Param] = &[text_param(
    "filter",
    "If specified, only labels matching the given prefix will be returned",
)];
const NEW_LABEL: Schema = Schema::object(
    "AddLabel",
    "A new label.",
    &[
        required("key", TEXT, "Its key"),
        required("value", TEXT, "Its value"),
        required(
            "media_type",
            Kind::OneOfOrNull(&["text/plain", "application/json"]),
            "What its value is; null to look at it",
        ),
    ],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get(
        "getRepoManifest",
        "/repository/{repository}/manifest/{manifestref}",
        run!(get),
    )
    .summary("Get a manifest with its layers.")
    .scope(ApiScope::RepoRead)
    .guard(READ),
    Operation::get(
        "listManifestLabels",
        "/repository/{repository}/manifest/{manifestref}/labels",
        run!(list_labels),
    )
    .summary("List the labels of a manifest.")
    .scope(ApiScope::RepoRead)
    .guard(READ)
    .query(LIST),
    Operation::post(
        "addManifestLabel",
        "/repository/{repository}/manifest/{manifestref}/labels",
        run!(add_label),
    )
    .summary("Add a label to a manifest.")
    .scope(ApiScope::RepoWrite)
    .guard(WRITE)
    .body(&NEW_LABEL)
    .success(201),
    Operation::get(
        "getManifestLabel",
        "/repository/{repository}/manifest/{manifestref}/labels/{labelid}",
        run!(get_label),
    )
    .summary("Get a label of a manifest.")
    .scope(ApiScope::RepoRead)
    .guard(READ),
    Operation::delete(
        "deleteManifestLabel",
        "/repository/{repository}/manifest/{manifestref}/labels/{labelid}",
        run!(delete_label),
    )
    .summary("Delete a label of a manifest.")
    .scope(ApiScope::RepoWrite)
    .guard(WRITE),
];

/// The manifest of the path; a tag is none.
fn digest(call: &Call) -> Result<Digest, ApiError> {
    Digest::parse(call.path("manifestref")).map_err(|_| ApiError::not_found())
}

/// The label of the path.
fn label_id(call: &Call) -> Result<Uuid, ApiError> {
    Uuid::try_parse(call.path("labelid")).map_err(|_| ApiError::not_found())
}

/// `GET /repository/{repository}/manifest/{manifestref}`.
async fn get(call: Call) -> ApiResult {
    let digest = digest(&call)?;
    let repository = repository(&call)?;
    let msg = InspectManifest { digest };
    let found = call.state.actors.ask_repository(&repository, msg).await?;
    let parsed = &found.parsed;
    let is_list = parsed.kind == ManifestKind::Index;
    let layers_size = parsed
        .layers
        .iter()
        .fold(0_u64, |sum, layer| sum.saturating_add(layer.size_bytes));
    call.answer(&json!({
        "digest": digest.to_string(),
        "is_manifest_list": is_list,
        "manifest_data": String::from_utf8_lossy(&found.manifest.bytes),
        "config_media_type": parsed.config.as_ref().map(|config| &config.media_type),
        "layers_compressed_size": layers_size,
        "layers": (!is_list).then(|| render_layers(&found)),
    }))
}

/// The layers in order, each with the step that made it; steps that made none are shown as well. A
/// history that does not fit the layers is not shown.
fn render_layers(found: &InspectedManifest) -> Vec<Value> {
    let layers = &found.parsed.layers;
    let urls = read_urls(&found.manifest.bytes);
    let history = found
        .config
        .as_ref()
        .map_or(&[][..], |config| &config.history);
    let made = history.iter().filter(|step| !step.is_empty_layer).count();
    if made != layers.len() {
        let numbered = layers.iter().enumerate();
        return numbered
            .map(|(index, layer)| render_layer(index, Some(layer), urls.get(index), None))
            .collect();
    }
    let mut unused = layers.iter().enumerate();
    let numbered = history.iter().enumerate();
    numbered
        .map(|(index, step)| {
            let layer = (!step.is_empty_layer).then(|| unused.next()).flatten();
            let urls = layer.and_then(|(place, _)| urls.get(place));
            render_layer(index, layer.map(|(_, layer)| layer), urls, Some(step))
        })
        .collect()
}

/// Where layers can be had elsewhere, as the manifest says.
fn read_urls(bytes: &[u8]) -> Vec<Value> {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let layers = document.get("layers").and_then(Value::as_array);
    let urls = |layer: &Value| layer.get("urls").cloned().unwrap_or_default();
    layers.map_or_else(Vec::new, |layers| layers.iter().map(urls).collect())
}

fn render_layer(
    index: usize,
    layer: Option<&Descriptor>,
    urls: Option<&Value>,
    step: Option<&HistoryStep>,
) -> Value {
    let created = step.and_then(|step| step.created.as_deref());
    let created = created.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let command = step.and_then(|step| step.created_by.as_deref());
    json!({
        "index": index,
        "compressed_size": layer.map_or(EMPTY_LAYER_BYTES, |layer| layer.size_bytes),
        "is_remote": layer.is_some_and(|layer| layer.has_urls),
        "urls": urls,
        "command": command.filter(|text| !text.is_empty()).map(render_command),
        "comment": step.and_then(|step| step.comment.as_deref()),
        "author": step.and_then(|step| step.author.as_deref()),
        "blob_digest": layer.map_or_else(|| EMPTY_LAYER.to_owned(), |layer| layer.digest.to_string()),
        "created_datetime": created.map(|at| date::rfc2822(at.unix_timestamp())),
    })
}

/// A command as a list: itself when it is one already.
fn render_command(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(list @ Value::Array(_)) => list,
        _ => json!([text]),
    }
}

fn render_label(label: &Label) -> Value {
    json!({
        "id": label.id,
        "key": label.key,
        "value": label.value,
        "source_type": label.source,
        "media_type": label.media_type,
    })
}

/// `GET /repository/{repository}/manifest/{manifestref}/labels`.
async fn list_labels(call: Call) -> ApiResult {
    let msg = ListLabels {
        digest: digest(&call)?,
        prefix: call.query("filter").unwrap_or_default().to_owned(),
    };
    let repository = repository(&call)?;
    let found = call.state.actors.ask_repository(&repository, msg).await?;
    let labels: Vec<Value> = found.iter().map(render_label).collect();
    call.answer(&json!({ "labels": labels }))
}

/// `POST /repository/{repository}/manifest/{manifestref}/labels`: 201 with a Location.
async fn add_label(call: Call) -> ApiResult {
    let digest = digest(&call)?;
    let msg = AddLabel {
        digest,
        key: call.required_text("key").to_owned(),
        value: call.required_text("value").to_owned(),
        is_json: call
            .text("media_type")
            .map(|kind| kind == "application/json"),
        author: author(&call),
    };
    let repository = repository(&call)?;
    let added = call.state.actors.ask_repository(&repository, msg).await?;
    let location = format!(
        "/api/v1/repository/{repository}/manifest/{digest}/labels/{}",
        added.id
    );
    let mut response = call.answer(&json!({ "label": render_label(&added) }))?;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /repository/{repository}/manifest/{manifestref}/labels/{labelid}`.
async fn get_label(call: Call) -> ApiResult {
    let msg = GetLabel {
        digest: digest(&call)?,
        id: label_id(&call)?,
    };
    let repository = repository(&call)?;
    let found = call.state.actors.ask_repository(&repository, msg).await?;
    call.answer(&render_label(&found))
}

/// `DELETE /repository/{repository}/manifest/{manifestref}/labels/{labelid}`.
async fn delete_label(call: Call) -> ApiResult {
    let msg = DeleteLabel {
        digest: digest(&call)?,
        id: label_id(&call)?,
        author: author(&call),
    };
    let repository = repository(&call)?;
    call.state.actors.ask_repository(&repository, msg).await?;
    call.no_content()
}
