//! Organizations.
//!
//! Everybody sees that an organization exists; members see its teams, administrators its settings.
//!
//! Quay: `endpoints/api/organization.py`.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use slipway_actors::account::membership::{GetMember, ListPeople, People, RemoveMember};
use slipway_actors::account::organization::{
    ChangeOrganization, CreateOrganization, DeleteOrganization, GetOrganization, ListTeams,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::TeamRole;

use super::avatar::{account_avatar, avatar};
use super::call::Call;
use super::error::ApiError;
use super::guard::counts_also;
use super::operation::{
    ANY_AND_READERS, Also, ApiResult, FULL, FULL_AND_READERS, Guard, Operation, run,
};
use super::schema::{Kind, Schema, TEXT, optional, required};

const NEW_ORGANIZATION: Schema = Schema::object(
    "NewOrg",
    "A new organization.",
    &[
        required("name", TEXT, "Its name"),
        optional("email", TEXT, "Its e-mail"),
        optional(
            "contact_email",
            Kind::Nullable(&TEXT),
            "Where people can reach it",
        ),
        optional("recaptcha_response", TEXT, "Ignored"),
    ],
);

const CHANGED_ORGANIZATION: Schema = Schema::object(
    "UpdateOrg",
    "What changes of an organization.",
    &[
        optional("email", TEXT, "Its e-mail"),
        optional(
            "contact_email",
            Kind::Nullable(&TEXT),
            "Where people can reach it",
        ),
        optional("invoice_email", Kind::Bool, "Whether invoices are mailed"),
        optional(
            "invoice_email_address",
            Kind::Nullable(&TEXT),
            "Where invoices are mailed to",
        ),
        optional(
            "tag_expiration_s",
            Kind::Integer(0),
            "How long deleted tags can be brought back, seconds",
        ),
    ],
);

const fn admin(also: Also) -> Guard {
    Guard::Organization {
        role: TeamRole::Admin,
        also,
    }
}

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::post("createOrganization", "/organization/", run!(create))
        .summary("Create an organization.")
        .scope(ApiScope::UserAdmin)
        .guard(Guard::OrganizationMaker)
        .body(&NEW_ORGANIZATION)
        .success(201),
    Operation::get("getOrganization", "/organization/{orgname}", run!(get))
        .summary("Show an organization, as far as the caller may see it."),
    Operation::put(
        "changeOrganizationDetails",
        "/organization/{orgname}",
        run!(change),
    )
    .summary("Change an organization's settings.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL))
    .body(&CHANGED_ORGANIZATION),
    Operation::delete(
        "deleteAdminedOrganization",
        "/organization/{orgname}",
        run!(delete),
    )
    .summary("Delete an organization with all that is in it.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL))
    .fresh(),
    Operation::get(
        "getOrganizationMembers",
        "/organization/{orgname}/members",
        run!(list_members),
    )
    .summary("List the users in an organization's teams.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL_AND_READERS)),
    Operation::get(
        "getOrganizationMember",
        "/organization/{orgname}/members/{membername}",
        run!(get_member),
    )
    .summary("Show one member of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL_AND_READERS)),
    Operation::delete(
        "removeOrganizationMember",
        "/organization/{orgname}/members/{membername}",
        run!(remove_member),
    )
    .summary("Take a user out of an organization's teams and repositories.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(FULL)),
    Operation::get(
        "getOrganizationCollaborators",
        "/organization/{orgname}/collaborators",
        run!(list_collaborators),
    )
    .summary("List users who hold roles on repositories but are in no team.")
    .scope(ApiScope::OrgAdmin)
    .guard(admin(ANY_AND_READERS)),
];

/// `POST /organization/`: 201 `"Created"`.
async fn create(call: Call) -> ApiResult {
    let work = CreateOrganization {
        name: call.required_text("name").to_owned(),
        email: call.text("email").map(str::to_owned),
        contact_email: call.text("contact_email").map(str::to_owned),
        owner: call.account()?,
        origin: call.origin(),
    };
    let name = work.name.clone();
    call.perform(work).await?;
    call.state.actors.forget_namespace(&name);
    call.answer(&"Created")
}

/// `GET /organization/{orgname}`.
async fn get(call: Call) -> ApiResult {
    let view = view(&call).await?;
    call.answer(&view)
}

/// The organization as the caller may see it.
async fn view(call: &Call) -> Result<Value, ApiError> {
    let id = call.organization()?;
    let found = call.perform(GetOrganization { id }).await?;
    let sees_all = counts_also(&call.caller().principal, FULL_AND_READERS);
    let is_admin = sees_all || call.admission.has_team_role(TeamRole::Admin);
    let is_member = sees_all || call.admission.has_team_role(TeamRole::Member);
    let email = found.email.as_deref();
    let mut view = Map::new();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("name", json!(found.name));
    set("email", json!(email.filter(|_| is_admin).unwrap_or("")));
    // Quirk: Quay says `user` here and `org` everywhere else.
    set("avatar", json!(avatar(&found.name, email, "user")));
    set("is_admin", json!(is_admin));
    set("is_member", json!(is_member));
    if is_member {
        let (teams, order) = team_views(call, is_admin).await?;
        set("teams", teams);
        set("ordered_teams", order);
    }
    if is_admin {
        set("invoice_email", json!(found.invoice_email));
        set("invoice_email_address", json!(found.invoice_email_address));
        set("tag_expiration_s", json!(found.tag_expiration_s));
        set("is_free_account", json!(true));
        if let Some(contact) = found.contact_email {
            set("contact_email", json!(contact));
        }
    }
    Ok(Value::Object(view))
}

/// The teams by name, and their names in order.
async fn team_views(call: &Call, is_admin: bool) -> Result<(Value, Value), ApiError> {
    let id = call.organization()?;
    let caller = call.caller().account();
    let teams = call.perform(ListTeams { id, caller }).await?;
    let order: Vec<&str> = teams.iter().map(|team| team.name.as_str()).collect();
    let order = json!(order);
    let mut views = Map::new();
    for team in teams {
        let view = json!({
            "name": team.name,
            "description": team.description,
            "role": team.role,
            "avatar": avatar(&team.name, None, "team"),
            "can_view": is_admin || team.has_caller,
            "repo_count": team.repo_count,
            "member_count": team.member_count,
            "is_synced": false,
        });
        views.insert(team.name, view);
    }
    Ok((Value::Object(views), order))
}

/// A member of the body that may be `null`; `None` when it is missing.
fn nullable_text(call: &Call, name: &str) -> Option<Option<String>> {
    let value = call.body.get(name)?;
    Some(value.as_str().map(str::to_owned))
}

/// `PUT /organization/{orgname}`.
async fn change(call: Call) -> ApiResult {
    let registry = &call.state.config.registry;
    let window_s = call.body.get("tag_expiration_s").and_then(Value::as_u64);
    let window_s = window_s.filter(|_| registry.change_tag_expiration);
    let is_choice = |seconds: u64| {
        let options = &registry.tag_expiration_options;
        options.iter().any(|option| option.as_secs() == seconds)
    };
    if window_s.is_some_and(|seconds| !is_choice(seconds)) {
        let text = "Invalid tag expiration option";
        return Err(ApiError::message(StatusCode::BAD_REQUEST, text));
    }
    let work = ChangeOrganization {
        id: call.organization()?,
        email: call.text("email").map(str::to_owned),
        contact_email: nullable_text(&call, "contact_email"),
        invoice_email: call.body.get("invoice_email").and_then(Value::as_bool),
        invoice_email_address: nullable_text(&call, "invoice_email_address"),
        tag_expiration_s: window_s.and_then(|seconds| i64::try_from(seconds).ok()),
        origin: call.origin(),
    };
    call.perform(work).await?;
    let view = view(&call).await?;
    call.answer(&view)
}

/// `DELETE /organization/{orgname}`: 204.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteOrganization {
        id: call.organization()?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.state.actors.forget_namespace(call.path("orgname"));
    call.no_content()
}

/// `GET /organization/{orgname}/members`.
async fn list_members(call: Call) -> ApiResult {
    let organization = call.organization()?;
    let People { members, grants } = call.perform(ListPeople { organization }).await?;
    let mut people: Vec<Value> = Vec::new();
    let users = members.chunk_by(|one, other| one.id == other.id);
    for rows in users {
        let Some(first) = rows.first().filter(|row| row.kind == "user") else {
            continue;
        };
        let teams: Vec<&str> = rows.iter().map(|row| row.team.as_str()).collect();
        let held = grants.iter().filter(|grant| grant.id == first.id);
        let repositories: Vec<&str> = held.map(|grant| grant.repository.as_str()).collect();
        people.push(person_view(
            (&first.name, &first.kind, first.email.as_deref()),
            &teams,
            &repositories,
        ));
    }
    call.answer(&json!({ "members": people }))
}

fn person_view(
    (name, kind, email): (&str, &str, Option<&str>),
    teams: &[&str],
    repositories: &[&str],
) -> Value {
    let teams: Vec<Value> = teams
        .iter()
        .map(|team| json!({ "name": team, "avatar": avatar(team, None, "team") }))
        .collect();
    json!({
        "name": name,
        "kind": kind,
        "avatar": account_avatar(name, kind, email),
        "teams": teams,
        "repositories": repositories,
    })
}

/// `GET /organization/{orgname}/members/{membername}`.
async fn get_member(call: Call) -> ApiResult {
    let work = GetMember {
        organization: call.organization()?,
        name: call.path("membername").to_owned(),
    };
    let person = call.perform(work).await?;
    let teams: Vec<&str> = person.teams.iter().map(String::as_str).collect();
    let repositories = person.repositories.iter().map(String::as_str);
    let repositories: Vec<&str> = repositories.collect();
    let who = (
        person.name.as_str(),
        person.kind.as_str(),
        person.email.as_deref(),
    );
    call.answer(&person_view(who, &teams, &repositories))
}

/// `DELETE /organization/{orgname}/members/{membername}`: 204.
async fn remove_member(call: Call) -> ApiResult {
    let work = RemoveMember {
        organization: call.organization()?,
        organization_name: call.path("orgname").to_owned(),
        name: call.path("membername").to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `GET /organization/{orgname}/collaborators`.
async fn list_collaborators(call: Call) -> ApiResult {
    let organization = call.organization()?;
    let People { mut grants, .. } = call.perform(ListPeople { organization }).await?;
    grants.retain(|grant| grant.kind == "user" && !grant.is_member);
    let people: Vec<Value> = grants
        .chunk_by(|one, other| one.id == other.id)
        .filter_map(|rows| {
            let first = rows.first()?;
            let repositories: Vec<&str> = rows.iter().map(|row| row.repository.as_str()).collect();
            Some(json!({
                "kind": first.kind,
                "name": first.name,
                "avatar": account_avatar(&first.name, &first.kind, first.email.as_deref()),
                "repositories": repositories,
            }))
        })
        .collect();
    call.answer(&json!({ "collaborators": people }))
}
