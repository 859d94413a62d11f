//! Roles on a repository, of users and robots and of teams.
//!
//! Quay: `endpoints/api/permission.py`.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use slipway_actors::account::repository_permission::{
    DeleteRole, Holder, ListAccountRoles, ListTeamRoles, ListTransitiveRoles, RepositoryPlace,
    SetRole,
};
use slipway_actors::roles::{AccountRole, TeamRole};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::Role;

use super::avatar::{account_avatar, avatar};
use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Schema, required};

const USER_ROLE: Schema = Schema::object(
    "UserPermission",
    "A role for a user or robot.",
    &[required(
        "role",
        Kind::OneOf(&["read", "write", "admin"]),
        "The role",
    )],
);

const TEAM_ROLE: Schema = Schema::object(
    "TeamPermission",
    "A role for a team.",
    &[required(
        "role",
        Kind::OneOf(&["read", "write", "admin"]),
        "The role",
    )],
);

const fn admin(readers: bool) -> Guard {
    Guard::Repository {
        role: Role::Admin,
        readers,
        only_normal: false,
    }
}

const USERS: &str = "/repository/{repository}/permissions/user/";
const USER: &str = "/repository/{repository}/permissions/user/{username}";
const TRANSITIVE: &str = "/repository/{repository}/permissions/user/{username}/transitive";
const TEAMS: &str = "/repository/{repository}/permissions/team/";
const TEAM: &str = "/repository/{repository}/permissions/team/{teamname}";

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listRepoTeamPermissions", TEAMS, run!(list_teams))
        .summary("List the teams that have a role on a repository.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(true)),
    Operation::get("listRepoUserPermissions", USERS, run!(list_users))
        .summary("List the users and robots that have a role on a repository.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(true)),
    Operation::get("getUserTransitivePermission", TRANSITIVE, run!(transitive))
        .summary("List the roles a user has by itself and by its teams.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(true)),
    Operation::get("getUserPermissions", USER, run!(get_user))
        .summary("Show the role of a user or robot.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(true)),
    Operation::put("changeUserPermissions", USER, run!(set_user))
        .summary("Give a user or robot a role.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(false))
        .body(&USER_ROLE),
    Operation::delete("deleteUserPermissions", USER, run!(delete_user))
        .summary("Take the role of a user or robot.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(false)),
    Operation::get("getTeamPermissions", TEAM, run!(get_team))
        .summary("Show the role of a team.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(true)),
    Operation::put("changeTeamPermissions", TEAM, run!(set_team))
        .summary("Give a team a role.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(false))
        .body(&TEAM_ROLE),
    Operation::delete("deleteTeamPermissions", TEAM, run!(delete_team))
        .summary("Take the role of a team.")
        .scope(ApiScope::RepoAdmin)
        .guard(admin(false)),
];

/// The repository of the path.
fn place(call: &Call) -> Result<RepositoryPlace, ApiError> {
    let name = call.state.repository_name(call.path("repository"));
    let name = name.map_err(|_| ApiError::not_found())?;
    let namespace = call.admission.namespace.as_ref();
    Ok(RepositoryPlace {
        repository: call.admission.repository.ok_or_else(ApiError::not_found)?,
        namespace: namespace.ok_or_else(ApiError::not_found)?.id,
        namespace_name: name.namespace().to_owned(),
        name: name.repository().to_owned(),
    })
}

fn is_in_organization(call: &Call) -> bool {
    let namespace = call.admission.namespace.as_ref();
    namespace.is_some_and(|found| found.is_organization)
}

fn user_view(call: &Call, row: &AccountRole) -> Value {
    let mut view = json!({
        "role": row.role,
        "name": row.name,
        "is_robot": row.kind == "robot",
        "avatar": account_avatar(&row.name, &row.kind, row.email.as_deref()),
    });
    if let (true, Some(members)) = (is_in_organization(call), view.as_object_mut()) {
        members.insert("is_org_member".to_owned(), json!(row.is_member));
    }
    view
}

fn team_view(row: &TeamRole) -> Value {
    json!({
        "role": row.role,
        "name": row.name,
        "avatar": avatar(&row.name, None, "team"),
    })
}

/// `GET …/permissions/user/`.
async fn list_users(call: Call) -> ApiResult {
    let work = ListAccountRoles {
        place: place(&call)?,
        only: None,
    };
    let rows = call.perform(work).await?;
    let views: Map<String, Value> = rows
        .iter()
        .map(|row| (row.name.clone(), user_view(&call, row)))
        .collect();
    call.answer(&json!({ "permissions": views }))
}

/// `GET …/permissions/team/`.
async fn list_teams(call: Call) -> ApiResult {
    let work = ListTeamRoles {
        place: place(&call)?,
        only: None,
    };
    let rows = call.perform(work).await?;
    let views: Map<String, Value> = rows
        .iter()
        .map(|row| (row.name.clone(), team_view(row)))
        .collect();
    call.answer(&json!({ "permissions": views }))
}

async fn find_user(call: &Call) -> Result<AccountRole, ApiError> {
    let work = ListAccountRoles {
        place: place(call)?,
        only: Some(call.path("username").to_owned()),
    };
    let found = call.perform(work).await?.into_iter().next();
    let text = "User does not have permission for repo.";
    found.ok_or_else(|| ApiError::message(StatusCode::BAD_REQUEST, text))
}

async fn find_team(call: &Call) -> Result<TeamRole, ApiError> {
    let work = ListTeamRoles {
        place: place(call)?,
        only: Some(call.path("teamname").to_owned()),
    };
    let found = call.perform(work).await?.into_iter().next();
    let text = "Team does not have permission for repo.";
    found.ok_or_else(|| ApiError::message(StatusCode::BAD_REQUEST, text))
}

/// `GET …/permissions/user/{username}`.
async fn get_user(call: Call) -> ApiResult {
    let found = find_user(&call).await?;
    call.answer(&user_view(&call, &found))
}

/// `GET …/permissions/team/{teamname}`: the role alone.
async fn get_team(call: Call) -> ApiResult {
    let found = find_team(&call).await?;
    call.answer(&json!({ "role": found.role }))
}

/// `GET …/permissions/user/{username}/transitive`.
async fn transitive(call: Call) -> ApiResult {
    let work = ListTransitiveRoles {
        repository: place(&call)?.repository,
        username: call.path("username").to_owned(),
    };
    let roles = call.perform(work).await?;
    let roles: Vec<Value> = roles.iter().map(|role| json!({ "role": role })).collect();
    call.answer(&json!({ "permissions": roles }))
}

async fn set(call: &Call, holder: Holder) -> Result<(), ApiError> {
    let work = SetRole {
        place: place(call)?,
        holder,
        role: call.required_text("role").to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await
}

/// `PUT …/permissions/user/{username}`.
async fn set_user(call: Call) -> ApiResult {
    set(&call, Holder::Account(call.path("username").to_owned())).await?;
    let found = find_user(&call).await?;
    call.answer(&user_view(&call, &found))
}

/// `PUT …/permissions/team/{teamname}`.
async fn set_team(call: Call) -> ApiResult {
    set(&call, Holder::Team(call.path("teamname").to_owned())).await?;
    let found = find_team(&call).await?;
    call.answer(&team_view(&found))
}

async fn delete(call: Call, holder: Holder) -> ApiResult {
    let work = DeleteRole {
        place: place(&call)?,
        holder,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `DELETE …/permissions/user/{username}`: 204.
async fn delete_user(call: Call) -> ApiResult {
    let holder = Holder::Account(call.path("username").to_owned());
    delete(call, holder).await
}

/// `DELETE …/permissions/team/{teamname}`: 204.
async fn delete_team(call: Call) -> ApiResult {
    let holder = Holder::Team(call.path("teamname").to_owned());
    delete(call, holder).await
}
