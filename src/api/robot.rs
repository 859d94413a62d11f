//! Robots of users and organizations.
//!
//! Both have the same operations; they differ in whose robot it is and who may ask. Beside Quay's
//! members a robot may have an end, `expires_at` or `duration_days`.
//!
//! Quay: `endpoints/api/robot.py`.

use serde_json::{Map, Value, json};
use slipway_actors::account::robot::{
    CreateRobot, DeleteFederation, DeleteRobot, Federation, GetRobot, ListFederation,
    ListRobotPermissions, ListRobots, RegenerateRobot, RobotRef, RobotView, SetFederation,
};
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::TeamRole;

use super::avatar::avatar;
use super::call::Call;
use super::date;
use super::error::ApiError;
use super::guard::counts_also;
use super::operation::{ANY_AND_READERS, Also, ApiResult, FULL, Guard, Operation, run};
use super::schema::{Kind, Param, Schema, TEXT, bool_param, integer_param, optional, required};

const ROBOT_FIELDS: Schema = Schema::object(
    "CreateRobot",
    "What is said of a robot.",
    &[
        optional(
            "description",
            Kind::Text { min: 0, max: 255 },
            "What it is for",
        ),
        optional(
            "unstructured_metadata",
            Kind::Object,
            "Anything to keep with it",
        ),
        optional(
            "expires_at",
            Kind::Nullable(&Kind::Integer(0)),
            "When its token ends, Unix seconds; null for never",
        ),
        optional(
            "duration_days",
            Kind::Integer(-1),
            "In how many days its token ends; -1 for never",
        ),
    ],
);
const REGENERATE: Schema = Schema::object(
    "RegenerateRobot",
    "A new end of a robot's token; left as it is when nothing is said.",
    &[
        optional(
            "expires_at",
            Kind::Nullable(&Kind::Integer(0)),
            "When its token ends, Unix seconds; null for never",
        ),
        optional(
            "duration_days",
            Kind::Integer(-1),
            "In how many days its token ends; -1 for never",
        ),
    ],
);
const FEDERATION: Schema = Schema {
    name: "CreateRobotFederation",
    doc: "Outside identities that may log in as a robot.",
    fields: &[
        required("issuer", TEXT, "Who vouches for it, a URL"),
        required("subject", TEXT, "Its name there"),
    ],
    is_list: true,
};
const LIST: &[Param] = &[
    bool_param("permissions", "Whether to add teams and repositories"),
    bool_param("token", "Whether to add tokens; true when missing"),
    integer_param("limit", "How many robots at most"),
];

const READ_OWN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};
const WRITE_OWN: Guard = Guard::UserAdmin {
    refuse_restricted: true,
};

const fn organization(role: TeamRole, also: Also) -> Guard {
    Guard::Organization { role, also }
}

const READ_ORG: Guard = organization(TeamRole::Admin, ANY_AND_READERS);
const WRITE_ORG: Guard = organization(TeamRole::Admin, FULL);

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("getUserRobots", "/user/robots", run!(list))
        .summary("List the robots of the caller.")
        .scope(ApiScope::UserAdmin)
        .guard(READ_OWN)
        .query(LIST),
    Operation::get("getUserRobot", "/user/robots/{robot_shortname}", run!(get))
        .summary("Read a robot of the caller.")
        .scope(ApiScope::UserAdmin)
        .guard(READ_OWN),
    Operation::put(
        "createUserRobot",
        "/user/robots/{robot_shortname}",
        run!(create),
    )
    .summary("Make a robot of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(WRITE_OWN)
    .optional_body(&ROBOT_FIELDS)
    .success(201),
    Operation::delete(
        "deleteUserRobot",
        "/user/robots/{robot_shortname}",
        run!(delete),
    )
    .summary("Delete a robot of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(WRITE_OWN),
    Operation::get(
        "getUserRobotPermissions",
        "/user/robots/{robot_shortname}/permissions",
        run!(permissions),
    )
    .summary("List what a robot of the caller was granted.")
    .scope(ApiScope::UserAdmin)
    .guard(READ_OWN),
    Operation::post(
        "regenerateUserRobotToken",
        "/user/robots/{robot_shortname}/regenerate",
        run!(regenerate),
    )
    .summary("Give a robot of the caller another token.")
    .scope(ApiScope::UserAdmin)
    .guard(WRITE_OWN)
    .optional_body(&REGENERATE),
    Operation::get(
        "getUserRobotFederation",
        "/user/robots/{robot_shortname}/federation",
        run!(federation),
    )
    .summary("List outside identities of a robot of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(READ_OWN),
    Operation::post(
        "createUserRobotFederation",
        "/user/robots/{robot_shortname}/federation",
        run!(set_federation),
    )
    .summary("Replace outside identities of a robot of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(WRITE_OWN)
    .optional_body(&FEDERATION),
    Operation::delete(
        "deleteUserRobotFederation",
        "/user/robots/{robot_shortname}/federation",
        run!(delete_federation),
    )
    .summary("Forget outside identities of a robot of the caller.")
    .scope(ApiScope::UserAdmin)
    .guard(WRITE_OWN),
    Operation::get("getOrgRobots", "/organization/{orgname}/robots", run!(list))
        .summary("List the robots of an organization; tokens for its administrators only.")
        .scope(ApiScope::OrgAdmin)
        .guard(organization(TeamRole::Member, ANY_AND_READERS))
        .query(LIST),
    Operation::get(
        "getOrgRobot",
        "/organization/{orgname}/robots/{robot_shortname}",
        run!(get),
    )
    .summary("Read a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(READ_ORG),
    Operation::put(
        "createOrgRobot",
        "/organization/{orgname}/robots/{robot_shortname}",
        run!(create),
    )
    .summary("Make a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE_ORG)
    .optional_body(&ROBOT_FIELDS)
    .success(201),
    Operation::delete(
        "deleteOrgRobot",
        "/organization/{orgname}/robots/{robot_shortname}",
        run!(delete),
    )
    .summary("Delete a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE_ORG),
    Operation::get(
        "getOrgRobotPermissions",
        "/organization/{orgname}/robots/{robot_shortname}/permissions",
        run!(permissions),
    )
    .summary("List what a robot of an organization was granted.")
    .scope(ApiScope::UserAdmin)
    .guard(READ_ORG),
    Operation::post(
        "regenerateOrgRobotToken",
        "/organization/{orgname}/robots/{robot_shortname}/regenerate",
        run!(regenerate),
    )
    .summary("Give a robot of an organization another token.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE_ORG)
    .optional_body(&REGENERATE),
    Operation::get(
        "getOrgRobotFederation",
        "/organization/{orgname}/robots/{robot_shortname}/federation",
        run!(federation),
    )
    .summary("List outside identities of a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(READ_ORG),
    Operation::post(
        "createOrgRobotFederation",
        "/organization/{orgname}/robots/{robot_shortname}/federation",
        run!(set_federation),
    )
    .summary("Replace outside identities of a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE_ORG)
    .body(&FEDERATION),
    Operation::delete(
        "deleteOrgRobotFederation",
        "/organization/{orgname}/robots/{robot_shortname}/federation",
        run!(delete_federation),
    )
    .summary("Forget outside identities of a robot of an organization.")
    .scope(ApiScope::OrgAdmin)
    .guard(WRITE_ORG),
];

/// The robot of the path.
fn robot(call: &Call) -> Result<RobotRef, ApiError> {
    let short_name = call.path("robot_shortname").to_owned();
    if let Guard::Organization { .. } = call.operation.guard {
        return Ok(RobotRef {
            owner: call.organization()?,
            owner_name: call.path("orgname").to_owned(),
            short_name,
        });
    }
    Ok(RobotRef {
        owner: slipway_actors::NamespaceId(call.account()?.0),
        owner_name: call.caller().name().to_owned(),
        short_name,
    })
}

/// Says whether the caller may read tokens of the robots of this path.
fn reads_tokens(call: &Call) -> bool {
    match call.operation.guard {
        Guard::Organization { .. } => {
            call.admission.has_team_role(TeamRole::Admin)
                || counts_also(&call.caller().principal, FULL)
        }
        _ => true,
    }
}

fn view(robot: &RobotView) -> Map<String, Value> {
    let row = &robot.row;
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("name", json!(row.name));
    set("created", json!(date::rfc2822(row.created_at_s)));
    set(
        "last_accessed",
        json!(row.last_accessed_at_s.map(date::rfc2822)),
    );
    set("description", json!(row.description));
    if let Some(end_s) = row.expires_at_s {
        set("expires_at", json!(date::iso8601(end_s)));
    }
    if let Some(token) = &robot.token {
        set("token", json!(token.expose()));
    }
    members
}

/// `GET …/robots`: 200 `{"robots": […]}`.
async fn list(call: Call) -> ApiResult {
    let with_grants = call.flag("permissions");
    let asks_tokens = call.query("token").is_none() || call.flag("token");
    let owner = match call.operation.guard {
        Guard::Organization { .. } => call.organization()?,
        _ => slipway_actors::NamespaceId(call.account()?.0),
    };
    let work = ListRobots {
        owner,
        with_tokens: asks_tokens && reads_tokens(&call),
        with_grants,
        limit: call.number("limit"),
    };
    let robots = call.perform(work).await?;
    let robots: Vec<Map<String, Value>> = robots
        .iter()
        .map(|robot| {
            let mut members = view(robot);
            if with_grants {
                let names = robot.row.teams.as_array().into_iter().flatten();
                let teams: Vec<Value> = names
                    .filter_map(Value::as_str)
                    .map(|name| json!({ "name": name, "avatar": avatar(name, None, "team") }))
                    .collect();
                members.insert("teams".to_owned(), json!(teams));
                members.insert("repositories".to_owned(), robot.row.repositories.clone());
            }
            members
        })
        .collect();
    call.answer(&json!({ "robots": robots }))
}

fn with_metadata(robot: &RobotView) -> Map<String, Value> {
    let mut members = view(robot);
    members.insert(
        "unstructured_metadata".to_owned(),
        robot.row.metadata.clone(),
    );
    members
}

/// `GET …/robots/{robot}`: 200 with the robot, 400 when there is none.
async fn get(call: Call) -> ApiResult {
    let work = GetRobot {
        robot: robot(&call)?,
        with_token: reads_tokens(&call),
    };
    let found = call.perform(work).await?;
    call.answer(&with_metadata(&found))
}

/// The end a body asks for: `None` when it says nothing, `Some(None)` for never.
fn asked_end(call: &Call) -> Result<Option<Option<i64>>, ApiError> {
    const DAY_S: i64 = 86_400;
    let now_s = time::OffsetDateTime::now_utc().unix_timestamp();
    let days = call.body.get("duration_days").and_then(Value::as_i64);
    let end = match (call.body.get("expires_at"), days) {
        (Some(_), Some(_)) => {
            let text = "only one of expires_at and duration_days can be given";
            return Err(ApiError::invalid(text));
        }
        (Some(at), None) => Some(at.as_i64()),
        (None, Some(-1)) => Some(None),
        (None, Some(days)) => Some(Some(now_s.saturating_add(days.saturating_mul(DAY_S)))),
        (None, None) => None,
    };
    match end.flatten() {
        Some(at_s) if at_s <= now_s => Err(ApiError::invalid("the end of a robot must lie ahead")),
        // Later than any calendar writes, and as good as never.
        Some(at_s) if at_s > 253_402_300_799 => Ok(Some(None)),
        _ => Ok(end),
    }
}

/// `PUT …/robots/{robot}`: 201 with the robot and its token.
async fn create(call: Call) -> ApiResult {
    let metadata = call.body.get("unstructured_metadata");
    let work = CreateRobot {
        robot: robot(&call)?,
        description: call.required_text("description").to_owned(),
        metadata: metadata.cloned(),
        expires_at_s: asked_end(&call)?.flatten(),
        origin: call.origin(),
    };
    let made = call.perform(work).await?;
    call.answer(&with_metadata(&made))
}

/// `DELETE …/robots/{robot}`: 204.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteRobot {
        robot: robot(&call)?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `GET …/permissions`: 200 `{"permissions": […]}`.
async fn permissions(call: Call) -> ApiResult {
    let work = ListRobotPermissions {
        robot: robot(&call)?,
    };
    let granted = call.perform(work).await?;
    let permissions: Vec<Value> = granted
        .iter()
        .map(|permission| {
            json!({
                "repository": { "name": permission.name, "is_public": permission.is_public },
                "role": permission.role,
            })
        })
        .collect();
    call.answer(&json!({ "permissions": permissions }))
}

/// `POST …/regenerate`: 200 with the robot and its new token.
async fn regenerate(call: Call) -> ApiResult {
    let work = RegenerateRobot {
        robot: robot(&call)?,
        new_end_s: asked_end(&call)?,
        origin: call.origin(),
    };
    let changed = call.perform(work).await?;
    call.answer(&view(&changed))
}

fn show_federation(identities: &[Federation]) -> Vec<Value> {
    identities
        .iter()
        .map(|identity| json!({ "issuer": identity.issuer, "subject": identity.subject }))
        .collect()
}

/// `GET …/federation`: 200 `[{issuer, subject}]`.
async fn federation(call: Call) -> ApiResult {
    let work = ListFederation {
        robot: robot(&call)?,
    };
    let found = call.perform(work).await?;
    call.answer(&show_federation(&found))
}

/// `POST …/federation`: 200 with what holds now.
async fn set_federation(call: Call) -> ApiResult {
    let items = call.body.as_array().into_iter().flatten();
    let text = |item: &Value, name: &str| {
        let value = item.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let identities = items.map(|item| Federation {
        issuer: text(item, "issuer"),
        subject: text(item, "subject"),
    });
    let work = SetFederation {
        robot: robot(&call)?,
        identities: identities.collect(),
        origin: call.origin(),
    };
    let set = call.perform(work).await?;
    call.answer(&show_federation(&set))
}

/// `DELETE …/federation`: 204.
async fn delete_federation(call: Call) -> ApiResult {
    let work = DeleteFederation {
        robot: robot(&call)?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}
