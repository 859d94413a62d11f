//! Repositories: making, listing, showing, changing and deleting them.
//!
//! Lists show what the caller has a role on, and public repositories only when they are asked for.
//! A repository that was deleted is gone for every operation, and its name is free.
//!
//! Quay: `endpoints/api/repository.py`.

use serde_json::{Map, Value, json};
use slipway_actors::account::creation::AdmitCreation;
use slipway_actors::catalog::{
    DescribeRepository, ListPage, ListedRepository, Listing, RepositoryPicture, ShownTag,
};
use slipway_actors::repository::{
    Change, ChangeRepository, CreateRepository, Mode, RepositoryError,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::{Role, Visibility};
use slipway_oci::{NamespaceName, RepositoryName};

use super::call::Call;
use super::date::rfc2822;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Param, Schema, TEXT, bool_param, optional, required, text_param};
use super::{guard, page_token};

const PAGE: usize = 100;
const IMAGE: &str = "image";

const NEW_REPOSITORY: Schema = Schema::object(
    "NewRepo",
    "A new repository.",
    &[
        required("repository", TEXT, "Its name below the namespace"),
        required(
            "visibility",
            VISIBILITY,
            "Who may read it at the beginning without a role",
        ),
        required(
            "description",
            TEXT,
            "What people read about it, as Markdown",
        ),
        optional(
            "namespace",
            TEXT,
            "Where it is made; the caller's own namespace when it is not said",
        ),
        optional("repo_kind", Kind::Nullable(&IMAGE_KIND), "What it holds"),
    ],
);
const REPOSITORY_UPDATE: Schema = Schema::object(
    "RepoUpdate",
    "What can be changed of a repository.",
    &[required(
        "description",
        TEXT,
        "What people read about it, as Markdown",
    )],
);
const VISIBILITY_CHANGE: Schema = Schema::object(
    "ChangeVisibility",
    "Who may read a repository without a role.",
    &[required("visibility", VISIBILITY, "The new visibility")],
);
const STATE_CHANGE: Schema = Schema::object(
    "ChangeRepoState",
    "Whether a repository takes pushes.",
    &[required(
        "state",
        Kind::OneOf(&["NORMAL", "READ_ONLY", "MIRROR"]),
        "The new state",
    )],
);
const VISIBILITY: Kind = Kind::OneOf(&["public", "private"]);
const IMAGE_KIND: Kind = Kind::OneOf(&[IMAGE]);

const LIST_PARAMS: &[Param] = &[
    text_param(page_token::PARAMETER, "The token of the page"),
    text_param("repo_kind", "What the repositories hold"),
    bool_param("popularity", "Whether to say how much is done with each"),
    bool_param("last_modified", "Whether to say when each was changed"),
    bool_param("public", "Whether to list public repositories as well"),
    bool_param("starred", "Whether to list what the caller has starred"),
    text_param("namespace", "List repositories of this namespace"),
];

const fn of_role(role: Role) -> Guard {
    Guard::Repository {
        role,
        readers: false,
        only_normal: false,
    }
}

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listRepos", "/repository", run!(list))
        .summary("List repositories that the caller can see.")
        .scope(ApiScope::RepoRead)
        .query(LIST_PARAMS),
    Operation::post("createRepo", "/repository", run!(create))
        .summary("Create a repository.")
        .scope(ApiScope::RepoCreate)
        .body(&NEW_REPOSITORY)
        .success(201),
    Operation::get("getRepo", "/repository/{repository}", run!(show))
        .summary("Show a repository.")
        .scope(ApiScope::RepoRead)
        .guard(of_role(Role::Read))
        .query(&[
            bool_param("includeStats", "Whether to count what was done day by day"),
            bool_param("includeTags", "Whether to list its tags"),
        ]),
    Operation::put("updateRepo", "/repository/{repository}", run!(update))
        .summary("Change a repository's description.")
        .scope(ApiScope::RepoWrite)
        .guard(of_role(Role::Write))
        .body(&REPOSITORY_UPDATE),
    Operation::delete("deleteRepository", "/repository/{repository}", run!(delete))
        .summary("Delete a repository.")
        .scope(ApiScope::RepoAdmin)
        .guard(of_role(Role::Admin)),
    Operation::post(
        "changeRepoVisibility",
        "/repository/{repository}/changevisibility",
        run!(change_visibility),
    )
    .summary("Change who may read a repository without a role.")
    .scope(ApiScope::RepoAdmin)
    .guard(of_role(Role::Admin))
    .body(&VISIBILITY_CHANGE),
    Operation::put(
        "changeRepoState",
        "/repository/{repository}/changestate",
        run!(change_state),
    )
    .summary("Change whether a repository takes pushes.")
    .scope(ApiScope::RepoAdmin)
    .guard(of_role(Role::Admin))
    .body(&STATE_CHANGE),
    Operation::post(
        "changeRepoTrust",
        "/repository/{repository}/changetrust",
        run!(change_trust),
    )
    .summary("Answers that there is no signing by a trust server here.")
    .scope(ApiScope::RepoAdmin)
    .guard(of_role(Role::Admin))
    .hidden(),
];

/// `GET /repository`: a page of repositories.
async fn list(call: Call) -> ApiResult {
    let viewer = guard::repository_viewer(&call);
    let namespace = call.query("namespace").filter(|name| !name.is_empty());
    let listing = if call.flag("starred") {
        let account = viewer.ok_or_else(ApiError::bad_request)?;
        Listing::Starred(account)
    } else if let Some(name) = namespace {
        Listing::Namespace {
            name: name.to_owned(),
            with_public: call.flag("public"),
        }
    } else if call.flag("public") {
        Listing::Visible
    } else {
        let text = "namespace, starred or public are required for this API call";
        return Err(ApiError::invalid(text));
    };
    if call.query("repo_kind").is_some_and(|kind| kind != IMAGE) {
        return call.answer(&json!({ "repositories": [] }));
    }
    let msg = ListPage {
        listing,
        viewer,
        sees_everything: guard::sees_every_repository(&call),
        after: page_token::position(&call).unwrap_or_default(),
        limit: PAGE,
        with_last_modified: call.flag("last_modified"),
        with_popularity: call.flag("popularity"),
    };
    let page = call.state.actors.ask_catalog(msg).await?;
    let rows = page.repositories.iter();
    let rows: Vec<Value> = rows.map(|row| render_listed(&call, row)).collect();
    let mut answer = json!({ "repositories": rows });
    if let (Some(after), Some(members)) = (page.next_after, answer.as_object_mut()) {
        let token = page_token::next(&call, &after)?;
        members.insert(page_token::PARAMETER.to_owned(), Value::String(token));
    }
    call.answer(&answer)
}

fn render_listed(call: &Call, row: &ListedRepository) -> Value {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("namespace", json!(row.namespace));
    set("name", json!(row.name));
    set("description", json!(row.description));
    set("is_public", json!(row.is_public));
    set("kind", json!(IMAGE));
    set("state", json!(row.state));
    if call.flag("last_modified") {
        set("last_modified", json!(row.last_modified_s));
    }
    if call.flag("popularity") {
        set("popularity", json!(row.popularity));
    }
    if call.caller().account().is_some() {
        set("is_starred", json!(row.is_starred));
    }
    let quota = json!({ "quota_bytes": row.size_bytes, "configured_quota": null });
    set("quota_report", quota);
    Value::Object(members)
}

/// `POST /repository`: 201 with the new repository's name.
async fn create(call: Call) -> ApiResult {
    let namespace = match call.text("namespace") {
        Some(name) => name.to_owned(),
        None if call.caller().identity.is_none() => {
            let text = "Must provide a namespace or must be logged in.";
            return Err(ApiError::invalid(text));
        }
        None => call.caller().name().to_owned(),
    };
    let work = AdmitCreation {
        caller: call.caller().clone(),
        namespace: namespace.clone(),
    };
    call.perform(work).await?;
    let name = NamespaceName::parse(&namespace)
        .and_then(|parent| RepositoryName::from_parts(&parent, call.required_text("repository")))
        .map_err(|_| ApiError::invalid("Invalid repository name"))?;
    let msg = CreateRepository {
        visibility: visibility(&call),
        description: description(&call)?,
        origin: call.origin(),
    };
    call.state.actors.ask_repository(&name, msg).await?;
    call.answer(&json!({
        "namespace": name.namespace(),
        "name": name.repository(),
        "kind": IMAGE,
    }))
}

fn visibility(call: &Call) -> Visibility {
    match call.required_text("visibility") {
        "public" => Visibility::Public,
        _ => Visibility::Private,
    }
}

fn description(call: &Call) -> Result<String, ApiError> {
    let text = call.required_text("description");
    let most = call.state.config.limits.max_description_bytes.len_usize();
    if text.len() > most {
        let text = format!("the description is longer than {most} bytes");
        return Err(ApiError::invalid(&text));
    }
    Ok(text.to_owned())
}

/// `GET /repository/{repository}`: all about one repository.
async fn show(call: Call) -> ApiResult {
    let name = call.repository_name()?;
    let msg = DescribeRepository {
        name: name.clone(),
        viewer: call.caller().account(),
        with_tags: call.query("includeTags").is_none() || call.flag("includeTags"),
        with_actions: call.flag("includeStats"),
    };
    let picture = call.state.actors.ask_catalog(msg).await?;
    call.answer(&render(&call, &name, &picture))
}

fn render(call: &Call, name: &RepositoryName, picture: &RepositoryPicture) -> Value {
    let row = &picture.repository;
    let decision = call.admission.decision.as_ref();
    // The link of a public repository's badge needs no token.
    let status_token = Some(row.status_token.as_str()).filter(|_| !row.is_public);
    let mut answer = json!({
        "namespace": name.namespace(),
        "name": name.repository(),
        "kind": IMAGE,
        "description": row.description,
        "is_public": row.is_public,
        "is_organization": row.is_organization,
        "is_starred": row.is_starred,
        "status_token": status_token.unwrap_or_default(),
        "trust_enabled": false,
        "tag_expiration_s": row.tag_expiration_s,
        "is_free_account": true,
        "state": row.state,
        "can_write": decision.is_some_and(|decision| decision.write.allowed),
        "can_admin": decision.is_some_and(|decision| decision.inspect.allowed),
    });
    let Some(members) = answer.as_object_mut() else {
        return answer;
    };
    if let Some(tags) = &picture.tags {
        let tags = tags.iter().map(|tag| (tag.name.clone(), render_tag(tag)));
        members.insert("tags".to_owned(), Value::Object(tags.collect()));
    }
    if let Some(days) = &picture.actions {
        let days = days.iter();
        let days = days.map(|day| json!({ "date": day.day, "count": day.count }));
        members.insert("stats".to_owned(), Value::Array(days.collect()));
    }
    answer
}

fn render_tag(tag: &ShownTag) -> Value {
    let mut shown = json!({
        "name": tag.name,
        "size": tag.size_bytes,
        "last_modified": rfc2822(tag.start_s),
        "manifest_digest": tag.digest,
    });
    if let (Some(end_s), Some(members)) = (tag.end_s, shown.as_object_mut()) {
        members.insert("expiration".to_owned(), Value::String(rfc2822(end_s)));
    }
    shown
}

/// `PUT /repository/{repository}`: a new description.
async fn update(call: Call) -> ApiResult {
    let text = description(&call)?;
    change(call, Change::Description(text)).await
}

/// `POST /repository/{repository}/changevisibility`.
async fn change_visibility(call: Call) -> ApiResult {
    let visibility = visibility(&call);
    change(call, Change::Visibility(visibility)).await
}

/// `PUT /repository/{repository}/changestate`.
async fn change_state(call: Call) -> ApiResult {
    let mode = match call.required_text("state") {
        "READ_ONLY" => Mode::ReadOnly,
        "MIRROR" => Mode::Mirror,
        _ => Mode::Normal,
    };
    change(call, Change::Mode(mode)).await
}

async fn change(call: Call, change: Change) -> ApiResult {
    let msg = ChangeRepository {
        change,
        origin: call.origin(),
    };
    let name = call.repository_name()?;
    call.state.actors.ask_repository(&name, msg).await?;
    call.answer(&json!({ "success": true }))
}

/// `DELETE /repository/{repository}`: 204, also when somebody else was faster.
async fn delete(call: Call) -> ApiResult {
    let msg = ChangeRepository {
        change: Change::Deletion,
        origin: call.origin(),
    };
    let name = call.repository_name()?;
    match call.state.actors.ask_repository(&name, msg).await {
        Ok(()) | Err(RepositoryError::Unknown(_)) => call.no_content(),
        Err(error) => Err(error.into()),
    }
}

/// `POST /repository/{repository}/changetrust`: 404, as where signing is switched off.
async fn change_trust(_: Call) -> ApiResult {
    Err(ApiError::not_found())
}
