//! Starred repositories.
//!
//! Quay: `endpoints/api/user.py`.

use actix_web::HttpResponse;
use serde_json::{Value, json};
use slipway_actors::RepositoryId;
use slipway_actors::account::star::{AddStar, ListStarred, RemoveStar};
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::page_token;
use super::schema::{Param, Schema, TEXT, required, text_param};

const NEW_STAR: Schema = Schema::object(
    "NewStarredRepository",
    "A repository to star.",
    &[
        required("namespace", TEXT, "Its namespace"),
        required("repository", TEXT, "Its name"),
    ],
);
const PAGES: &[Param] = &[text_param(
    page_token::PARAMETER,
    "The page token for the next page",
)];
const ADMIN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};
/// Repositories in one answer.
const PAGE: usize = 100;

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listStarredRepos", "/user/starred", run!(list))
        .summary("List the user's starred repositories.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .query(PAGES),
    Operation::post("createStar", "/user/starred", run!(add))
        .summary("Star a repository.")
        .scope(ApiScope::RepoRead)
        .guard(ADMIN)
        .body(&NEW_STAR)
        .success(201),
    Operation::delete("deleteStar", "/user/starred/{repository}", run!(remove))
        .summary("Take a star away.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN),
];

/// `GET /user/starred`: 200 `{"repositories", "next_page"?}`.
async fn list(call: Call) -> ApiResult {
    let after = page_token::position::<i64>(&call).unwrap_or_default();
    let work = ListStarred {
        account: call.account()?,
        after: RepositoryId(after),
        limit: i64::try_from(PAGE).unwrap_or(i64::MAX).saturating_add(1),
    };
    let found = call.perform(work).await?;
    let page = found.get(..PAGE).unwrap_or(&found);
    let repositories: Vec<Value> = page
        .iter()
        .map(|star| {
            json!({
                "namespace": star.namespace,
                "name": star.name,
                "description": star.description,
                "is_public": star.is_public,
            })
        })
        .collect();
    let mut answer = json!({ "repositories": repositories });
    if let (true, Some(last), Some(members)) =
        (found.len() > PAGE, page.last(), answer.as_object_mut())
    {
        let token = page_token::next(&call, &last.id.0)?;
        members.insert(page_token::PARAMETER.to_owned(), Value::String(token));
    }
    call.answer(&answer)
}

/// `POST /user/starred`: 201; 200 `null` when there is nothing to star or it is starred already.
async fn add(call: Call) -> ApiResult {
    let (namespace, repository) = (
        call.required_text("namespace"),
        call.required_text("repository"),
    );
    let Ok(name) = call
        .state
        .repository_name(&format!("{namespace}/{repository}"))
    else {
        return Ok(HttpResponse::Ok().json(Value::Null));
    };
    let work = AddStar {
        caller: call.caller().clone(),
        repository: name,
    };
    if !call.perform(work).await? {
        return Ok(HttpResponse::Ok().json(Value::Null));
    }
    call.answer(&json!({ "namespace": namespace, "repository": repository }))
}

/// `DELETE /user/starred/{repository}`: 204, 404 for a repository the user cannot see.
async fn remove(call: Call) -> ApiResult {
    let account = call.account()?;
    let repository = call.admission.repository.ok_or_else(ApiError::not_found)?;
    let is_gone = call
        .perform(RemoveStar {
            account,
            repository,
        })
        .await?;
    let decision = call.admission.decision.as_ref();
    if !is_gone && !decision.is_some_and(|decision| decision.pull.allowed) {
        return Err(ApiError::not_found());
    }
    call.no_content()
}
