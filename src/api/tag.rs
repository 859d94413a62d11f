//! Tags: their history, changes to them, and bringing back what was.
//!
//! Quay: `endpoints/api/tag.py`.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use slipway_actors::repository::{
    Author, ChangeTag, DeleteTag, Expiry, HistoryQuery, ListHistory, PastSpan, PurgeTag,
    RepositoryError, RestoreTag,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::Role;
use slipway_oci::{Digest, ManifestKind, RepositoryName, TagName};

use super::call::Call;
use super::date;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Param, Schema, TEXT, bool_param, integer_param, optional, text_param};

/// Who may look at what is in a repository.
pub(super) const READ: Guard = Guard::Repository {
    role: Role::Read,
    readers: true,
    only_normal: false,
};
/// Who may change it.
pub(super) const WRITE: Guard = Guard::Repository {
    role: Role::Write,
    readers: false,
    only_normal: true,
};

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 100;
/// The last second of the year 9999; later ones have no date.
const MAX_UNIX_S: f64 = 253_402_300_799.0;

const LIST: &[Param] = &[
    bool_param("onlyActiveTags", "Filter to only active tags."),
    integer_param("page", "Page index for the results. Default 1."),
    integer_param(
        "limit",
        "Limit to the number of results to return per page. Max 100.",
    ),
    text_param(
        "filter_tag_name",
        "`like:` or `eq:` and a part of the name, or the name.",
    ),
    text_param("specificTag", "Filters the tags to the specific tag."),
];
const CHANGE: Schema = Schema::object(
    "ChangeTag",
    "Changes to a tag.",
    &[
        optional(
            "manifest_digest",
            Kind::Nullable(&TEXT),
            "The manifest that the tag shall point at",
        ),
        optional(
            "expiration",
            Kind::Nullable(&Kind::Number(f64::MIN)),
            "When the tag shall end, Unix seconds; null for never",
        ),
        optional("immutable", Kind::Bool, "Whether it cannot be changed"),
    ],
);
const RESTORE: Schema = Schema::object(
    "RestoreTag",
    "A manifest of the tag's past.",
    &[optional("manifest_digest", TEXT, "The manifest")],
);
const EXPIRE: Schema = Schema::object(
    "ExpireTag",
    "What shall leave the time machine.",
    &[
        optional("manifest_digest", TEXT, "The manifest"),
        optional(
            "include_submanifests",
            Kind::Bool,
            "Whether what an index lists goes too",
        ),
        optional(
            "is_alive",
            Kind::Bool,
            "Whether the tag itself goes, instead of its past",
        ),
    ],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listRepoTags", "/repository/{repository}/tag/", run!(list))
        .summary("List tags with their history, newest first.")
        .scope(ApiScope::RepoRead)
        .guard(READ)
        .query(LIST),
    Operation::put(
        "changeTag",
        "/repository/{repository}/tag/{tag}",
        run!(change),
    )
    .summary("Make a tag, move it, or change its expiry.")
    .scope(ApiScope::RepoWrite)
    .guard(WRITE)
    .body(&CHANGE)
    .success(201),
    Operation::delete(
        "deleteFullTag",
        "/repository/{repository}/tag/{tag}",
        run!(delete),
    )
    .summary("Delete a tag.")
    .scope(ApiScope::RepoWrite)
    .guard(WRITE),
    Operation::post(
        "restoreTag",
        "/repository/{repository}/tag/{tag}/restore",
        run!(restore),
    )
    .summary("Let a tag point at a manifest of its past again.")
    .scope(ApiScope::RepoWrite)
    .guard(WRITE)
    .body(&RESTORE),
    Operation::post(
        "removeTagFromTimemachine",
        "/repository/{repository}/tag/{tag}/expire",
        run!(purge),
    )
    .summary("Take a tag out of the time machine.")
    .scope(ApiScope::RepoWrite)
    .guard(Guard::Repository {
        role: Role::Write,
        readers: false,
        only_normal: false,
    })
    .feature(|config| config.tags.permanently_delete)
    .body(&EXPIRE),
];

/// The repository of the path.
pub(super) fn repository(call: &Call) -> Result<RepositoryName, ApiError> {
    let name = call.state.repository_name(call.path("repository"));
    name.map_err(|_| ApiError::not_found())
}

/// Who changes something.
pub(super) fn author(call: &Call) -> Author {
    Author {
        username: call.caller().name().to_owned(),
        origin: call.origin(),
    }
}

/// `GET /repository/{repository}/tag/`.
async fn list(call: Call) -> ApiResult {
    let page = call.number("page").unwrap_or(1).max(1);
    let limit = call.number("limit").unwrap_or(DEFAULT_LIMIT);
    let limit = limit.clamp(1, MAX_LIMIT);
    let (name, part) = read_filter(&call)?;
    let asked = HistoryQuery {
        only_live: call.flag("onlyActiveTags"),
        name,
        part,
        limit: limit.saturating_add(1),
        skip: limit.saturating_mul(page.saturating_sub(1)),
    };
    let repository = repository(&call)?;
    let actors = &call.state.actors;
    let mut spans = actors
        .ask_repository(&repository, ListHistory(asked))
        .await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_additional = spans.len() > most;
    spans.truncate(most);
    let with_immutable = call.state.config.tags.immutable;
    let tags: Vec<Value> = spans
        .iter()
        .map(|span| render_span(span, with_immutable))
        .collect();
    call.answer(&json!({ "tags": tags, "page": page, "has_additional": has_additional }))
}

/// The exact name and the part of a name that the list is about.
fn read_filter(call: &Call) -> Result<(Option<String>, Option<String>), ApiError> {
    let text = |name: &str| call.query(name).filter(|text| !text.is_empty());
    let mut name = text("specificTag").map(str::to_owned);
    let mut part = None;
    if let Some(filter) = text("filter_tag_name") {
        let Some((how, value)) = filter.split_once(':') else {
            let text = format!("filter_tag_name `{filter}` is not of the form <op>:<name>");
            return Err(ApiError::message(StatusCode::BAD_REQUEST, &text));
        };
        match how {
            "like" => part = Some(value.to_owned()),
            "eq" if name.as_deref().is_none_or(|name| name == value) => {
                name = Some(value.to_owned());
            }
            // Two different names fit no tag.
            "eq" => name = Some(String::new()),
            _ => {}
        }
    }
    Ok((name, part))
}

fn render_span(span: &PastSpan, with_immutable: bool) -> Value {
    let is_list = ManifestKind::from_media_type(&span.media_type) == Some(ManifestKind::Index);
    let start_s = span.start_ms.div_euclid(1000);
    let mut entry = json!({
        "name": span.name,
        "reversion": span.reversion,
        "start_ts": start_s,
        "manifest_digest": span.digest.0.to_string(),
        "is_manifest_list": is_list,
        "size": (!is_list).then_some(span.layers_size_bytes),
        "last_modified": date::rfc2822(start_s),
    });
    let Some(members) = entry.as_object_mut() else {
        return entry;
    };
    if with_immutable {
        members.insert("immutable".to_owned(), json!(span.immutable));
    }
    if let Some(end_ms) = span.end_ms {
        let end_s = end_ms.div_euclid(1000);
        members.insert("end_ts".to_owned(), json!(end_s));
        members.insert("expiration".to_owned(), json!(date::rfc2822(end_s)));
    }
    if is_list {
        members.extend(render_children(span));
    }
    entry
}

fn render_children(span: &PastSpan) -> Map<String, Value> {
    let digests = span.child_digests.iter().flatten();
    let present = span.child_present.iter().flatten();
    let presence: Map<String, Value> = digests
        .zip(present)
        .map(|(digest, present)| (digest.0.to_string(), json!(present)))
        .collect();
    let count = presence.len();
    let here = presence.values().filter(|value| **value == json!(true));
    let here = here.count();
    let mut members = Map::new();
    for (name, value) in [
        ("is_sparse", json!(here < count)),
        ("child_manifest_count", json!(count)),
        ("present_child_count", json!(here)),
        ("child_manifests_presence", Value::Object(presence)),
    ] {
        members.insert(name.to_owned(), value);
    }
    members
}

/// The tag of the path, where a new one may be made.
fn new_tag(call: &Call) -> Result<TagName, ApiError> {
    let text = "Invalid tag: must match [A-Za-z0-9_.-], NOT start with \".\" or \"-\", and can contain 1-128 characters";
    TagName::parse(call.path("tag")).map_err(|_| ApiError::message(StatusCode::BAD_REQUEST, text))
}

/// The tag of the path, which must be there.
fn known_tag(call: &Call) -> Result<TagName, ApiError> {
    TagName::parse(call.path("tag")).map_err(|_| ApiError::not_found())
}

/// The manifest that a body names.
fn known_digest(call: &Call) -> Result<Digest, ApiError> {
    let text = call.text("manifest_digest").unwrap_or_default();
    Digest::parse(text).map_err(|_| ApiError::not_found())
}

/// `PUT /repository/{repository}/tag/{tag}`: 201 `"Updated"`.
async fn change(call: Call) -> ApiResult {
    let tag = new_tag(&call)?;
    let expiry = match call.body.get("expiration") {
        None => None,
        Some(Value::Null) => Some(Expiry::Never),
        Some(value) => Some(Expiry::At(unix_s(value)?)),
    };
    let can_be_immutable = call.state.config.tags.immutable;
    let immutable = call.body.get("immutable").and_then(Value::as_bool);
    let immutable = immutable.filter(|_| can_be_immutable);
    let decision = call.admission.decision.as_ref();
    if immutable == Some(false) && !decision.is_some_and(|decision| decision.admin.allowed) {
        return Err(ApiError::forbidden());
    }
    let digest = match call.text("manifest_digest") {
        Some(_) => Some(known_digest(&call)?),
        None => None,
    };
    let msg = ChangeTag {
        tag,
        expiry,
        immutable,
        digest,
        author: author(&call),
    };
    let repository = repository(&call)?;
    call.state.actors.ask_repository(&repository, msg).await?;
    call.answer(&"Updated")
}

/// Unix seconds, if there is such a date; parts of a second are left off.
fn unix_s(value: &Value) -> Result<i64, ApiError> {
    if let Some(whole) = value.as_i64() {
        return Ok(whole);
    }
    let seconds = value.as_f64().filter(|seconds| seconds.abs() <= MAX_UNIX_S);
    let whole = seconds.map(|seconds| format!("{:.0}", seconds.floor()));
    whole
        .and_then(|text| text.parse().ok())
        .ok_or_else(ApiError::bad_request)
}

/// `DELETE /repository/{repository}/tag/{tag}`.
async fn delete(call: Call) -> ApiResult {
    let msg = DeleteTag {
        tag: known_tag(&call)?,
        username: Some(call.caller().name().to_owned()),
        origin: call.origin(),
    };
    let repository = repository(&call)?;
    let done = call.state.actors.ask_repository(&repository, msg).await;
    done.map_err(refuse_deletion)?;
    call.no_content()
}

/// Deleting an immutable tag is refused in other words than moving it.
fn refuse_deletion(error: RepositoryError) -> ApiError {
    match error {
        RepositoryError::TagImmutable(tag) => ApiError::tag_immutable("delete", &tag),
        other => other.into(),
    }
}

/// `POST /repository/{repository}/tag/{tag}/restore`: 200 `{}`.
async fn restore(call: Call) -> ApiResult {
    let msg = RestoreTag {
        tag: new_tag(&call)?,
        digest: known_digest(&call)?,
        author: author(&call),
    };
    let repository = repository(&call)?;
    call.state.actors.ask_repository(&repository, msg).await?;
    call.answer(&json!({}))
}

/// `POST /repository/{repository}/tag/{tag}/expire`: 200 `""`.
async fn purge(call: Call) -> ApiResult {
    let flag = |name: &str| call.body.get(name) == Some(&Value::Bool(true));
    let msg = PurgeTag {
        tag: known_tag(&call)?,
        digest: known_digest(&call)?,
        is_live: flag("is_alive"),
        with_children: flag("include_submanifests"),
        author: author(&call),
    };
    let repository = repository(&call)?;
    let done = call.state.actors.ask_repository(&repository, msg).await;
    done.map_err(refuse_deletion)?;
    call.answer(&"")
}
