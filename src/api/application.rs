//! OAuth applications of organizations.
//!
//! Quay: `endpoints/api/organization.py`.

use serde_json::{Value, json};
use slipway_actors::NamespaceId;
use slipway_actors::account::application::{
    ApplicationForm, ApplicationView, CreateApplication, DeleteApplication, DescribeApplication,
    GetApplication, ListApplications, ResetClientSecret, UpdateApplication,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::TeamRole;

use super::avatar::avatar;
use super::call::Call;
use super::error::ApiError;
use super::guard::counts_also;
use super::operation::{ApiResult, FULL, FULL_AND_READERS, Guard, Operation, run};
use super::schema::{Field, Kind, Schema, TEXT, optional, required};

const DESCRIPTION: Field = optional("description", TEXT, "What it does");
const AVATAR: Field = optional(
    "avatar_email",
    Kind::Nullable(&TEXT),
    "The address its picture is made of",
);
const NEW: Schema = Schema::object(
    "NewApp",
    "A new application.",
    &[
        required("name", TEXT, "Its name"),
        optional("redirect_uri", TEXT, "Where browsers may be sent"),
        optional("application_uri", TEXT, "Its own address"),
        DESCRIPTION,
        AVATAR,
    ],
);
const UPDATE: Schema = Schema::object(
    "UpdateApp",
    "What is said of an application.",
    &[
        required("name", TEXT, "Its name"),
        required("redirect_uri", TEXT, "Where browsers may be sent"),
        required("application_uri", TEXT, "Its own address"),
        DESCRIPTION,
        AVATAR,
    ],
);

/// Who reads applications.
pub(super) const READ: Guard = Guard::Organization {
    role: TeamRole::Admin,
    also: FULL_AND_READERS,
};
/// Who changes applications.
pub(super) const WRITE: Guard = Guard::Organization {
    role: TeamRole::Admin,
    also: FULL,
};

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get(
        "getApplicationInformation",
        "/app/{client_id}",
        run!(describe),
    )
    .summary("Read what everybody may know of an application."),
    Operation::get(
        "getOrganizationApplications",
        "/organization/{orgname}/applications",
        run!(list),
    )
    .summary("List the applications of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(READ),
    Operation::post(
        "createOrganizationApplication",
        "/organization/{orgname}/applications",
        run!(create),
    )
    .summary("Make an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE)
    .body(&NEW),
    Operation::get(
        "getOrganizationApplication",
        "/organization/{orgname}/applications/{client_id}",
        run!(get),
    )
    .summary("Read an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(READ),
    Operation::put(
        "updateOrganizationApplication",
        "/organization/{orgname}/applications/{client_id}",
        run!(update),
    )
    .summary("Change an application.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE)
    .body(&UPDATE),
    Operation::delete(
        "deleteOrganizationApplication",
        "/organization/{orgname}/applications/{client_id}",
        run!(delete),
    )
    .summary("Delete an application and all its tokens.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE),
    Operation::post(
        "resetOrganizationApplicationClientSecret",
        "/organization/{orgname}/applications/{client_id}/resetclientsecret",
        run!(reset_secret),
    )
    .summary("Give an application another secret.")
    .guard(WRITE),
];

fn view(application: &ApplicationView) -> Value {
    let row = &application.row;
    json!({
        "name": row.name,
        "description": row.description,
        "application_uri": row.application_uri,
        "client_id": row.client_id,
        "client_secret": application.secret.as_ref().map(|secret| secret.expose()),
        "redirect_uri": row.redirect_uri,
        "avatar_email": row.avatar_email,
    })
}

/// Says whether the caller may read secrets of the organization's applications.
fn reads_secrets(call: &Call) -> bool {
    call.admission.has_team_role(TeamRole::Admin) || counts_also(&call.caller().principal, FULL)
}

fn form(call: &Call) -> ApplicationForm {
    let text = |name: &str| call.required_text(name).to_owned();
    ApplicationForm {
        name: text("name"),
        redirect_uri: text("redirect_uri"),
        application_uri: text("application_uri"),
        description: text("description"),
        avatar_email: call.text("avatar_email").map(str::to_owned),
    }
}

/// The organization and the application of the path.
pub(super) fn place(call: &Call) -> Result<(NamespaceId, String), ApiError> {
    Ok((call.organization()?, call.path("client_id").to_owned()))
}

/// `GET /app/{client_id}`: 200 with its public view, 404 when there is none.
async fn describe(call: Call) -> ApiResult {
    let work = DescribeApplication {
        client_id: call.path("client_id").to_owned(),
        account: call.caller().account(),
    };
    let found = call.perform(work).await?;
    let row = &found.row;
    let owner_email = row.organization_email.as_deref();
    let picture = row.avatar_email.as_deref().or(owner_email);
    call.answer(&json!({
        "name": row.name,
        "description": row.description,
        "uri": row.application_uri,
        "avatar": avatar(&row.name, picture, "app"),
        "organization": {
            "name": row.organization_name,
            "email": "",
            "avatar": avatar(&row.organization_name, owner_email, "user"),
            "is_admin": found.is_admin,
            "is_member": found.is_member,
            "teams": {},
            "ordered_teams": [],
        },
    }))
}

/// `GET …/applications`: 200 `{"applications": […]}`.
async fn list(call: Call) -> ApiResult {
    let work = ListApplications {
        organization: call.organization()?,
        with_secrets: reads_secrets(&call),
    };
    let found = call.perform(work).await?;
    let applications: Vec<Value> = found.iter().map(view).collect();
    call.answer(&json!({ "applications": applications }))
}

/// `POST …/applications`: 200 with the application.
async fn create(call: Call) -> ApiResult {
    let work = CreateApplication {
        organization: call.organization()?,
        form: form(&call),
        origin: call.origin(),
    };
    let made = call.perform(work).await?;
    call.answer(&view(&made))
}

/// `GET …/applications/{client_id}`: 200 with the application.
async fn get(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let work = GetApplication {
        organization,
        client_id,
        with_secret: reads_secrets(&call),
    };
    let found = call.perform(work).await?;
    call.answer(&view(&found))
}

/// `PUT …/applications/{client_id}`: 200 with the application.
async fn update(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let work = UpdateApplication {
        organization,
        client_id,
        form: form(&call),
        origin: call.origin(),
    };
    let changed = call.perform(work).await?;
    call.answer(&view(&changed))
}

/// `DELETE …/applications/{client_id}`: 204.
async fn delete(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let work = DeleteApplication {
        organization,
        client_id,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `POST …/resetclientsecret`: 200 with the application.
async fn reset_secret(call: Call) -> ApiResult {
    let (organization, client_id) = place(&call)?;
    let work = ResetClientSecret {
        organization,
        client_id,
        origin: call.origin(),
    };
    let changed = call.perform(work).await?;
    call.answer(&view(&changed))
}
