//! What a user has granted to applications, and tokens that were offered to it.
//!
//! Quay: `endpoints/api/user.py`.

use serde_json::{Value, json};
use slipway_actors::account::oauth_grant::{
    DeleteAssignment, EndGrant, GetGrant, Grant, ListAssignments, ListGrants,
};
use slipway_auth::api_scope::{ApiScope, ScopeSet};
use slipway_config::Config;
use uuid::Uuid;

use super::avatar::avatar;
use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};

const OWN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};

fn may_assign(config: &Config) -> bool {
    config.accounts.assign_oauth_tokens
}

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listUserAuthorizations", "/user/authorizations", run!(list))
        .summary("List what the caller has granted to applications.")
        .scope(ApiScope::UserAdmin)
        .guard(OWN)
        .internal(),
    Operation::get(
        "getUserAuthorization",
        "/user/authorizations/{access_token_uuid}",
        run!(get),
    )
    .summary("Read a grant of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(OWN)
    .internal(),
    Operation::delete(
        "deleteUserAuthorization",
        "/user/authorizations/{access_token_uuid}",
        run!(delete),
    )
    .summary("End a grant of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(OWN)
    .internal(),
    Operation::get(
        "listAssignedAuthorizations",
        "/user/assignedauthorization",
        run!(list_assigned),
    )
    .summary("List tokens that were offered to the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(OWN)
    .feature(may_assign)
    .internal(),
    Operation::delete(
        "deleteAssignedAuthorization",
        "/user/assignedauthorization/{assigned_authorization_uuid}",
        run!(delete_assigned),
    )
    .summary("Turn down a token that was offered to the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(OWN)
    .feature(may_assign)
    .internal(),
];

/// An application as its users see it.
struct AppFacts<'a> {
    name: &'a str,
    description: &'a str,
    application_uri: &'a str,
    avatar_email: Option<&'a str>,
    organization_name: &'a str,
    organization_email: Option<&'a str>,
}

impl AppFacts<'_> {
    fn view(&self) -> Value {
        let picture = self.avatar_email.or(self.organization_email);
        json!({
            "name": self.name,
            "description": self.description,
            "url": self.application_uri,
            "avatar": avatar(self.name, picture, "app"),
            "organization": {
                "name": self.organization_name,
                "avatar": avatar(self.organization_name, self.organization_email, "org"),
            },
        })
    }
}

fn icon(scope: ApiScope) -> &'static str {
    match scope {
        ApiScope::RepoRead | ApiScope::RepoWrite | ApiScope::RepoAdmin => "fa-hdd-o",
        ApiScope::RepoCreate => "fa-plus",
        ApiScope::UserRead => "fa-user",
        ApiScope::UserAdmin | ApiScope::OrgAdmin => "fa-gear",
        ApiScope::SuperUser => "fa-street-view",
    }
}

/// Scopes with what a person should know of each.
fn describe_scopes(scope: &str) -> Vec<Value> {
    ScopeSet::parse(scope)
        .iter()
        .map(|scope| {
            json!({
                "title": scope.title(),
                "scope": scope.as_str(),
                "description": scope.description(),
                "icon": icon(scope),
                "dangerous": matches!(
                    scope,
                    ApiScope::UserAdmin | ApiScope::OrgAdmin | ApiScope::SuperUser
                ),
            })
        })
        .collect()
}

fn view(grant: &Grant) -> Value {
    let facts = AppFacts {
        name: &grant.name,
        description: &grant.description,
        application_uri: &grant.application_uri,
        avatar_email: grant.avatar_email.as_deref(),
        organization_name: &grant.organization_name,
        organization_email: grant.organization_email.as_deref(),
    };
    json!({
        "application": facts.view(),
        "scopes": describe_scopes(&grant.scope),
        "uuid": grant.id,
    })
}

fn id(call: &Call, name: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(call.path(name)).map_err(|_| ApiError::not_found())
}

/// `GET /user/authorizations`: 200 `{"authorizations": […]}`.
async fn list(call: Call) -> ApiResult {
    let account = call.account()?;
    let grants = call.perform(ListGrants { account }).await?;
    let grants: Vec<Value> = grants.iter().map(view).collect();
    call.answer(&json!({ "authorizations": grants }))
}

/// `GET /user/authorizations/{uuid}`: 200 with the grant.
async fn get(call: Call) -> ApiResult {
    let work = GetGrant {
        account: call.account()?,
        id: id(&call, "access_token_uuid")?,
    };
    let found = call.perform(work).await?;
    call.answer(&view(&found))
}

/// `DELETE /user/authorizations/{uuid}`: 204.
async fn delete(call: Call) -> ApiResult {
    let work = EndGrant {
        account: call.account()?,
        id: id(&call, "access_token_uuid")?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `GET /user/assignedauthorization`: 200 `{"authorizations": […]}`.
async fn list_assigned(call: Call) -> ApiResult {
    let account = call.account()?;
    let offers = call.perform(ListAssignments { account }).await?;
    let offers: Vec<Value> = offers
        .iter()
        .map(|offer| {
            let facts = AppFacts {
                name: &offer.name,
                description: &offer.description,
                application_uri: &offer.application_uri,
                avatar_email: offer.avatar_email.as_deref(),
                organization_name: &offer.organization_name,
                organization_email: offer.organization_email.as_deref(),
            };
            let mut application = facts.view();
            if let Some(members) = application.as_object_mut() {
                members.insert("clientId".to_owned(), json!(offer.client_id));
            }
            json!({
                "application": application,
                "uuid": offer.id,
                "redirectUri": offer.redirect_uri,
                "scopes": describe_scopes(&offer.scope),
                "responseType": offer.response_type,
            })
        })
        .collect();
    call.answer(&json!({ "authorizations": offers }))
}

/// `DELETE /user/assignedauthorization/{uuid}`: 204.
async fn delete_assigned(call: Call) -> ApiResult {
    let work = DeleteAssignment {
        account: call.account()?,
        id: id(&call, "assigned_authorization_uuid")?,
    };
    call.perform(work).await?;
    call.no_content()
}
