//! Default permissions, which Quay calls prototypes.
//!
//! Quay: `endpoints/api/prototype.py`.

use serde_json::{Value, json};
use slipway_actors::account::default_permission::{
    ChangeDefaultPermission, CreateDefaultPermission, DefaultsPlace, Delegate,
    DeleteDefaultPermission, ListDefaultPermissions,
};
use slipway_actors::roles::DefaultPermission;
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::TeamRole;
use uuid::Uuid;

use super::avatar::{account_avatar, avatar};
use super::call::Call;
use super::error::ApiError;
use super::operation::{Also, ApiResult, FULL, FULL_AND_READERS, Guard, Operation, run};
use super::schema::{Kind, Schema, TEXT, optional, required};

const ROLE: Kind = Kind::OneOf(&["read", "write", "admin"]);

const CREATOR: Schema = Schema::object(
    "ActivatingUser",
    "Whose new repositories.",
    &[required("name", TEXT, "The name of a user or robot")],
);

const DELEGATE: Schema = Schema::object(
    "Delegate",
    "Who gets the role.",
    &[
        required("name", TEXT, "The name of a user, a robot or a team"),
        required("kind", Kind::OneOf(&["user", "team"]), "Which of these"),
    ],
);

const NEW_PROTOTYPE: Schema = Schema::object(
    "NewPrototype",
    "A new default permission.",
    &[
        required("role", ROLE, "The role"),
        optional(
            "activating_user",
            Kind::Nullable(&Kind::Shape(&CREATOR)),
            "Whose new repositories; everybody's when missing",
        ),
        required("delegate", Kind::Shape(&DELEGATE), "Who gets the role"),
    ],
);

const CHANGED_PROTOTYPE: Schema = Schema::object(
    "PrototypeUpdate",
    "What changes of a default permission.",
    &[required("role", ROLE, "The role")],
);

const fn admin(also: Also) -> Guard {
    Guard::Organization {
        role: TeamRole::Admin,
        also,
    }
}

const LIST: &str = "/organization/{orgname}/prototypes";
const ONE: &str = "/organization/{orgname}/prototypes/{prototypeid}";

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("getOrganizationPrototypePermissions", LIST, run!(list))
        .summary("List the default permissions of an organization.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL_AND_READERS)),
    Operation::post("createOrganizationPrototypePermission", LIST, run!(create))
        .summary("Make a default permission.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL))
        .body(&NEW_PROTOTYPE),
    Operation::put("updateOrganizationPrototypePermission", ONE, run!(change))
        .summary("Change the role of a default permission.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL))
        .body(&CHANGED_PROTOTYPE),
    Operation::delete("deleteOrganizationPrototypePermission", ONE, run!(delete))
        .summary("Delete a default permission.")
        .scope(ApiScope::OrgAdmin)
        .guard(admin(FULL)),
];

fn place(call: &Call) -> Result<DefaultsPlace, ApiError> {
    Ok(DefaultsPlace {
        organization: call.organization()?,
        caller_name: call.caller().name().to_owned(),
        origin: call.origin(),
    })
}

fn id(call: &Call) -> Result<Uuid, ApiError> {
    Uuid::parse_str(call.path("prototypeid")).map_err(|_| ApiError::not_found())
}

fn account_view(name: &str, kind: &str, email: Option<&str>, is_member: bool) -> Value {
    json!({
        "name": name,
        "is_robot": kind == "robot",
        "kind": "user",
        "is_org_member": is_member,
        "avatar": account_avatar(name, kind, email),
    })
}

fn view(row: &DefaultPermission) -> Value {
    let creator = row.creator_name.as_ref().map(|name| {
        let kind = row.creator_kind.as_deref().unwrap_or("user");
        account_view(
            name,
            kind,
            row.creator_email.as_deref(),
            row.creator_is_member,
        )
    });
    let account = row.delegate_name.as_ref().map(|name| {
        let kind = row.delegate_kind.as_deref().unwrap_or("user");
        let email = row.delegate_email.as_deref();
        account_view(name, kind, email, row.delegate_is_member)
    });
    let team = row
        .delegate_team
        .as_ref()
        .map(|name| json!({ "name": name, "kind": "team", "avatar": avatar(name, None, "team") }));
    json!({
        "activating_user": creator,
        "delegate": account.or(team),
        "role": row.role,
        "id": row.id,
    })
}

/// `GET /organization/{orgname}/prototypes`.
async fn list(call: Call) -> ApiResult {
    let organization = call.organization()?;
    let rows = call
        .perform(ListDefaultPermissions { organization })
        .await?;
    let views: Vec<Value> = rows.iter().map(view).collect();
    call.answer(&json!({ "prototypes": views }))
}

/// `POST /organization/{orgname}/prototypes`.
async fn create(call: Call) -> ApiResult {
    let text = |object: &str, member: &str| {
        let value = call.body.get(object).and_then(|value| value.get(member));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let name = text("delegate", "name").unwrap_or_default();
    let delegate = match text("delegate", "kind").as_deref() {
        Some("team") => Delegate::Team(name),
        _ => Delegate::Account(name),
    };
    let work = CreateDefaultPermission {
        place: place(&call)?,
        creator: text("activating_user", "name"),
        delegate,
        role: call.required_text("role").to_owned(),
    };
    let made = call.perform(work).await?;
    call.answer(&view(&made))
}

/// `PUT /organization/{orgname}/prototypes/{prototypeid}`.
async fn change(call: Call) -> ApiResult {
    let work = ChangeDefaultPermission {
        place: place(&call)?,
        id: id(&call)?,
        role: call.required_text("role").to_owned(),
    };
    let changed = call.perform(work).await?;
    call.answer(&view(&changed))
}

/// `DELETE /organization/{orgname}/prototypes/{prototypeid}`: 204.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteDefaultPermission {
        place: place(&call)?,
        id: id(&call)?,
    };
    call.perform(work).await?;
    call.no_content()
}
