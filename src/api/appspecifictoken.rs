//! App-specific tokens.
//!
//! Quay: `endpoints/api/appspecifictokens.py`, `endpoints/api/superuser.py`.

use serde_json::{Map, Value, json};
use slipway_actors::account::app_token::{
    AppToken, AppTokenView, CreateAppToken, GetAppToken, ListAppTokens, RevokeAppToken,
};
use slipway_auth::api_scope::ApiScope;
use slipway_config::Config;
use uuid::Uuid;

use super::call::Call;
use super::date;
use super::error::ApiError;
use super::operation::{ApiResult, FULL_AND_READERS, Guard, Operation, run};
use super::schema::{Param, Schema, TEXT, bool_param, required};

const NEW: Schema = Schema::object(
    "NewToken",
    "A new token.",
    &[required("title", TEXT, "What it is for")],
);
const LIST: &[Param] = &[bool_param(
    "expiring",
    "Only tokens that end within thirty days",
)];
const OWN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};

fn is_on(config: &Config) -> bool {
    config.accounts.app_specific_tokens
}

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listAppTokens", "/user/apptoken", run!(list))
        .summary("List the caller's app-specific tokens, without their codes.")
        .scope(ApiScope::UserAdmin)
        .guard(OWN)
        .query(LIST)
        .feature(is_on),
    Operation::post("createAppToken", "/user/apptoken", run!(create))
        .summary("Make an app-specific token.")
        .scope(ApiScope::UserAdmin)
        .guard(OWN)
        .fresh()
        .body(&NEW)
        .feature(is_on),
    Operation::get("getAppToken", "/user/apptoken/{token_uuid}", run!(get))
        .summary("Read an app-specific token with its code.")
        .scope(ApiScope::UserAdmin)
        .guard(OWN)
        .fresh()
        .feature(is_on),
    Operation::delete(
        "revokeAppToken",
        "/user/apptoken/{token_uuid}",
        run!(revoke),
    )
    .summary("Revoke an app-specific token.")
    .scope(ApiScope::UserAdmin)
    .guard(OWN)
    .fresh()
    .feature(is_on),
];

/// The operations of this file that are for superusers.
pub const SUPERUSER_OPERATIONS: &[Operation] =
    &[
        Operation::get("listAllAppTokens", "/superuser/apptokens", run!(list_all))
            .summary("List everybody's app-specific tokens, without their codes.")
            .scope(ApiScope::SuperUser)
            .guard(Guard::Only(FULL_AND_READERS))
            .fresh()
            .query(LIST)
            .feature(is_on),
    ];

fn view(row: &AppToken) -> Map<String, Value> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("uuid", json!(row.id));
    set("title", json!(row.title));
    set(
        "last_accessed",
        json!(row.last_accessed_at_s.map(date::rfc2822)),
    );
    set("created", json!(date::rfc2822(row.created_at_s)));
    set("expiration", json!(row.expires_at_s.map(date::rfc2822)));
    members
}

fn view_with_code(token: &AppTokenView) -> Value {
    let mut members = view(&token.row);
    members.insert("token_code".to_owned(), json!(token.code.expose()));
    json!({ "token": members })
}

/// The token of the path; what is no UUID is no token.
fn id(call: &Call) -> Result<Uuid, ApiError> {
    let id = Uuid::parse_str(call.path("token_uuid"));
    id.map_err(|_| ApiError::not_found())
}

async fn answer_list(call: Call, work: ListAppTokens) -> ApiResult {
    let only_expiring = work.only_expiring.then_some(true);
    let tokens = call.perform(work).await?;
    let tokens: Vec<Map<String, Value>> = tokens.iter().map(view).collect();
    call.answer(&json!({ "tokens": tokens, "only_expiring": only_expiring }))
}

/// `GET /user/apptoken`: 200 `{"tokens": […], "only_expiring"}`.
async fn list(call: Call) -> ApiResult {
    let work = ListAppTokens {
        account: Some(call.account()?),
        only_expiring: call.flag("expiring"),
    };
    answer_list(call, work).await
}

/// `GET /superuser/apptokens`: 200 as for one user.
async fn list_all(call: Call) -> ApiResult {
    let work = ListAppTokens {
        account: None,
        only_expiring: call.flag("expiring"),
    };
    answer_list(call, work).await
}

/// `POST /user/apptoken`: 200 `{"token"}` with its code.
async fn create(call: Call) -> ApiResult {
    let work = CreateAppToken {
        account: call.account()?,
        title: call.required_text("title").to_owned(),
        origin: call.origin(),
    };
    let made = call.perform(work).await?;
    call.answer(&view_with_code(&made))
}

/// `GET /user/apptoken/{uuid}`: 200 `{"token"}` with its code.
async fn get(call: Call) -> ApiResult {
    let work = GetAppToken {
        account: call.account()?,
        id: id(&call)?,
    };
    let found = call.perform(work).await?;
    call.answer(&view_with_code(&found))
}

/// `DELETE /user/apptoken/{uuid}`: 204.
async fn revoke(call: Call) -> ApiResult {
    let work = RevokeAppToken {
        account: call.account()?,
        id: id(&call)?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}
