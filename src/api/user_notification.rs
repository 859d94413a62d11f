//! What a user was told inside the registry.
//!
//! Quay: `endpoints/api/user.py`.

use serde_json::{Value, json};
use slipway_actors::account::user_notification::{
    ListNotifications, ReadNotification, UserNotification,
};
use slipway_auth::api_scope::ApiScope;
use uuid::Uuid;

use super::call::Call;
use super::date::rfc2822;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Param, Schema, integer_param, optional};

const UPDATE: Schema = Schema::object(
    "UpdateNotification",
    "What to change about a notification.",
    &[optional(
        "dismissed",
        Kind::Bool,
        "Whether the user wants to see it no more",
    )],
);
const PAGES: &[Param] = &[
    integer_param("page", "Offset page number. (int)"),
    integer_param("limit", "Limit on the number of results (int)"),
];
const ADMIN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};
/// Notifications in one answer when the client names no number, and at most.
const PAGE: i64 = 5;
const MAX_PAGE: i64 = 100;

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listUserNotifications", "/user/notifications", run!(list))
        .summary("List what the user was told and did not dismiss.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .query(PAGES)
        .internal(),
    Operation::get(
        "getUserNotification",
        "/user/notifications/{uuid}",
        run!(get),
    )
    .summary("Get one notification.")
    .scope(ApiScope::UserAdmin)
    .guard(ADMIN)
    .internal(),
    Operation::put(
        "updateUserNotification",
        "/user/notifications/{uuid}",
        run!(update),
    )
    .summary("Dismiss a notification, or bring it back.")
    .scope(ApiScope::UserAdmin)
    .guard(ADMIN)
    .body(&UPDATE)
    .internal(),
];

fn view(notification: &UserNotification) -> Value {
    json!({
        "id": notification.id,
        "organization": notification.organization,
        "kind": notification.kind,
        "created": rfc2822(notification.created_s),
        "metadata": notification.metadata,
        "dismissed": notification.dismissed,
    })
}

/// `GET /user/notifications`: 200 `{"notifications", "additional"}`, newest first.
async fn list(call: Call) -> ApiResult {
    let limit = call.number("limit").unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let page = call.number("page").unwrap_or_default().max(0);
    let work = ListNotifications {
        account: call.account()?,
        skip: page.saturating_mul(limit),
        limit: limit.saturating_add(1),
    };
    let mut found = call.perform(work).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > wanted;
    found.truncate(wanted);
    let notifications: Vec<Value> = found.iter().map(view).collect();
    call.answer(&json!({ "notifications": notifications, "additional": has_more }))
}

fn id(call: &Call) -> Result<Uuid, ApiError> {
    Uuid::try_parse(call.path("uuid")).map_err(|_| ApiError::not_found())
}

/// `GET /user/notifications/{uuid}`: 200, 404 for somebody else's.
async fn get(call: Call) -> ApiResult {
    read(&call, None).await
}

/// `PUT /user/notifications/{uuid}`: 200 with the notification as it is then.
async fn update(call: Call) -> ApiResult {
    let dismissed = call.body.get("dismissed").and_then(Value::as_bool);
    read(&call, dismissed).await
}

async fn read(call: &Call, set_dismissed: Option<bool>) -> ApiResult {
    let work = ReadNotification {
        account: call.account()?,
        id: id(call)?,
        set_dismissed,
    };
    let notification = call.perform(work).await?;
    call.answer(&view(&notification))
}
