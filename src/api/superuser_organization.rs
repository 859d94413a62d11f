//! Organizations as superusers administer them, and taking ownership of a namespace.
//!
//! Quay: `endpoints/api/superuser.py`.

use serde_json::{Map, Value, json};
use slipway_actors::account::organization::{
    DeleteOrganization, FindOrganization, ListOrganizations, RenameOrganization,
};
use slipway_actors::account::ownership::TakeOwnership;
use slipway_auth::api_scope::ApiScope;

use super::avatar::avatar;
use super::call::Call;
use super::operation::{ApiResult, Guard, Operation, run};
use super::page_token;
use super::schema::{Param, Schema, TEXT, integer_param, optional, text_param};

const CHANGED_ORGANIZATION: Schema = Schema::object(
    "UpdateOrg",
    "What changes of an organization.",
    &[optional("name", TEXT, "Its new name")],
);

const PAGE: &[Param] = &[
    integer_param("limit", "Organizations in one answer, 100 at most"),
    text_param(page_token::PARAMETER, "The token of the next page"),
];

const LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 100;

const WRITER: Guard = Guard::Superuser { readers: false };

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get(
        "listAllOrganizations",
        "/superuser/organizations/",
        run!(list),
    )
    .summary("List all organizations.")
    .scope(ApiScope::SuperUser)
    .guard(Guard::Superuser { readers: true })
    .fresh()
    .query(PAGE),
    Operation::put(
        "changeOrganization",
        "/superuser/organizations/{name}",
        run!(change),
    )
    .summary("Rename an organization.")
    .scope(ApiScope::SuperUser)
    .guard(WRITER)
    .fresh()
    .body(&CHANGED_ORGANIZATION),
    Operation::delete(
        "deleteOrganization",
        "/superuser/organizations/{name}",
        run!(delete),
    )
    .summary("Delete an organization with all that is in it.")
    .scope(ApiScope::SuperUser)
    .guard(WRITER)
    .fresh(),
    Operation::post(
        "takeOwnership",
        "/superuser/takeownership/{namespace}",
        run!(take_ownership),
    )
    .summary("Become an administrator of a namespace.")
    .scope(ApiScope::SuperUser)
    .guard(WRITER)
    .fresh(),
];

fn view(name: &str, email: Option<&str>) -> Value {
    json!({
        "name": name,
        "email": email.unwrap_or(""),
        "avatar": avatar(name, email, "org"),
    })
}

/// `GET /superuser/organizations/`.
async fn list(call: Call) -> ApiResult {
    let limit = call.number("limit").unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let work = ListOrganizations {
        after: page_token::position(&call).unwrap_or_default(),
        limit: limit.saturating_add(1),
    };
    let mut rows = call.perform(work).await?;
    let has_more = i64::try_from(rows.len()).is_ok_and(|count| count > limit);
    if has_more {
        rows.pop();
    }
    let views: Vec<Value> = rows
        .iter()
        .map(|row| view(&row.name, row.email.as_deref()))
        .collect();
    let mut answer = Map::new();
    answer.insert("organizations".to_owned(), json!(views));
    if let (true, Some(last)) = (has_more, rows.last()) {
        let next = page_token::next(&call, &last.id.0)?;
        answer.insert(page_token::PARAMETER.to_owned(), json!(next));
    }
    call.answer(&answer)
}

/// `PUT /superuser/organizations/{name}`.
async fn change(call: Call) -> ApiResult {
    let name = call.path("name").to_owned();
    let found = call
        .perform(FindOrganization { name: name.clone() })
        .await?;
    let new_name = call.text("name").unwrap_or(&name).to_owned();
    if new_name != name {
        let work = RenameOrganization {
            id: found.id,
            name: new_name.clone(),
            superuser: call.caller().name().to_owned(),
            origin: call.origin(),
        };
        call.perform(work).await?;
        call.state.actors.forget_namespace(&name);
        call.state.actors.forget_namespace(&new_name);
    }
    call.answer(&view(&new_name, found.email.as_deref()))
}

/// `DELETE /superuser/organizations/{name}`: 204.
async fn delete(call: Call) -> ApiResult {
    let name = call.path("name").to_owned();
    let found = call
        .perform(FindOrganization { name: name.clone() })
        .await?;
    let work = DeleteOrganization {
        id: found.id,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.state.actors.forget_namespace(&name);
    call.no_content()
}

/// `POST /superuser/takeownership/{namespace}`.
async fn take_ownership(call: Call) -> ApiResult {
    let work = TakeOwnership {
        namespace: call.path("namespace").to_owned(),
        superuser: call.account()?,
        superuser_name: call.caller().name().to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.state.actors.forget_namespace(call.path("namespace"));
    call.answer(&json!({ "namespace": call.path("namespace") }))
}
