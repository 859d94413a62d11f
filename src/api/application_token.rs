//! Tokens that administrators of an organization make for its applications.
//!
//! A token speaks for who made it and is shown once. Quay:
//! `endpoints/api/organization_application_tokens.py`.

use serde_json::{Value, json};
use slipway_actors::account::application::{CreateNamedToken, DeleteNamedToken, ListNamedTokens};
use slipway_auth::api_scope::ApiScope;
use uuid::Uuid;

use super::application::{READ, WRITE, place};
use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Kind, Param, Schema, TEXT, optional, required, text_param};
use super::{date, page_token};

const NEW: Schema = Schema::object(
    "NewApplicationToken",
    "A new token.",
    &[
        required("name", Kind::Text { min: 1, max: 255 }, "Its name"),
        required("scope", TEXT, "Scopes, separated by spaces or commas"),
        optional("expiration", Kind::Number(1.0), "Its life, seconds"),
    ],
);
const LIST: &[Param] = &[text_param(page_token::PARAMETER, "Where the page begins")];

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get(
        "listOrganizationApplicationTokens",
        "/organization/{orgname}/applications/{client_id}/tokens",
        run!(list),
    )
    .summary("List the named tokens of an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(READ)
    .query(LIST),
    Operation::post(
        "createOrganizationApplicationToken",
        "/organization/{orgname}/applications/{client_id}/tokens",
        run!(create),
    )
    .summary("Make a named token of an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE)
    .body(&NEW),
    Operation::delete(
        "deleteOrganizationApplicationToken",
        "/organization/{orgname}/applications/{client_id}/tokens/{token_uuid}",
        run!(delete),
    )
    .summary("Revoke a named token of an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE),
];

/// `GET …/tokens`: 200 `{"tokens": […]}`, with `next_page` while there are more.
async fn list(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let work = ListNamedTokens {
        organization,
        client_id,
        after: page_token::position(&call),
    };
    let (tokens, next) = call.perform(work).await?;
    let tokens: Vec<Value> = tokens
        .iter()
        .map(|token| {
            json!({
                "uuid": token.id,
                "name": token.name,
                "scope": token.scope,
                "expires_at": date::iso8601(token.expires_at_s),
                "created": date::iso8601(token.created_at_s),
                "created_by": token.created_by,
                "last_accessed": token.last_accessed_at_s.map(date::iso8601),
            })
        })
        .collect();
    let mut answer = json!({ "tokens": tokens });
    if let (Some(position), Some(members)) = (next, answer.as_object_mut()) {
        let next_page = page_token::next(&call, &position)?;
        members.insert(page_token::PARAMETER.to_owned(), json!(next_page));
    }
    call.answer(&answer)
}

/// `POST …/tokens`: 200 with the token and its text, which is not shown again.
async fn create(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let caller = call.caller();
    let work = CreateNamedToken {
        organization,
        client_id,
        account: call.account()?,
        own_scopes: caller.principal.scopes,
        name: call.required_text("name").to_owned(),
        scope: call.required_text("scope").to_owned(),
        life_s: call.body.get("expiration").and_then(Value::as_f64),
        auth_method: if caller.oauth.is_some() {
            "oauth"
        } else {
            "session"
        },
        origin: call.origin(),
    };
    let (text, made) = call.perform(work).await?;
    call.answer(&json!({
        "uuid": made.id,
        "name": made.name,
        "scope": made.scope,
        "expires_at": date::iso8601(made.expires_at_s),
        "created": date::iso8601(made.created_at_s),
        "created_by": made.created_by,
        "last_accessed": made.last_accessed_at_s.map(date::iso8601),
        "token": text.expose(),
    }))
}

/// `DELETE …/tokens/{uuid}`: 204.
async fn delete(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let id = Uuid::parse_str(call.path("token_uuid")).map_err(|_| ApiError::not_found())?;
    let work = DeleteNamedToken {
        organization,
        client_id,
        id,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}
