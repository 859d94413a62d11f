//! Users as superusers manage them.
//!
//! Quay: `endpoints/api/superuser.py`.

use actix_web::HttpResponse;
use serde_json::{Value, json};
use slipway_actors::AccountId;
use slipway_actors::account::managed_user::{
    ChangeManagedUser, CreateManagedUser, DeleteManagedUser, GetManagedUser, ListUsers,
    SendRecovery,
};
use slipway_auth::Secret;
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{
    Kind, Param, Schema, TEXT, bool_param, integer_param, optional, required, text_param,
};
use super::{page_token, user_view};

const NEW_USER: Schema = Schema::object(
    "CreateInstallUser",
    "A new user.",
    &[
        required("username", TEXT, "Its name"),
        optional("email", TEXT, "Its e-mail"),
    ],
);
const UPDATE_USER: Schema = Schema::object(
    "UpdateUser",
    "What to change about a user.",
    &[
        optional("password", TEXT, "Its new password"),
        optional("email", TEXT, "Its new e-mail, which then counts as proven"),
        optional("enabled", Kind::Bool, "Whether it may log in"),
    ],
);
const PAGES: &[Param] = &[
    text_param(page_token::PARAMETER, "The page token for the next page"),
    integer_param(
        "limit",
        "Limit to the number of results to return per page. Max 100.",
    ),
    bool_param("disabled", "If false, only enabled users will be returned."),
];
const READ: Guard = Guard::Superuser { readers: true };
const WRITE: Guard = Guard::Superuser { readers: false };
/// Users in one answer when the client names no number, and at most.
const PAGE: i64 = 50;
const MAX_PAGE: i64 = 100;

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listAllUsers", "/superuser/users/", run!(list))
        .summary("List all users.")
        .scope(ApiScope::SuperUser)
        .guard(READ)
        .fresh()
        .query(PAGES),
    Operation::post("createInstallUser", "/superuser/users/", run!(create))
        .summary("Make a user with a password of the registry's choosing.")
        .scope(ApiScope::SuperUser)
        .guard(WRITE)
        .fresh()
        .body(&NEW_USER),
    Operation::get("getInstallUser", "/superuser/users/{username}", run!(get))
        .summary("Get a user.")
        .scope(ApiScope::SuperUser)
        .guard(READ)
        .fresh(),
    Operation::put(
        "changeInstallUser",
        "/superuser/users/{username}",
        run!(change),
    )
    .summary("Change a user that is not a superuser.")
    .scope(ApiScope::SuperUser)
    .guard(WRITE)
    .fresh()
    .body(&UPDATE_USER),
    Operation::delete(
        "deleteInstallUser",
        "/superuser/users/{username}",
        run!(delete),
    )
    .summary("Delete a user that is not a superuser.")
    .scope(ApiScope::SuperUser)
    .guard(WRITE)
    .fresh(),
    Operation::post(
        "sendInstallUserRecoveryEmail",
        "/superusers/users/{username}/sendrecovery",
        run!(send_recovery),
    )
    .summary("Mail a user a link to choose a new password.")
    .scope(ApiScope::SuperUser)
    .guard(WRITE)
    .fresh()
    .feature(|config| config.has_mail()),
];

/// `GET /superuser/users/`: 200 `{"users", "next_page"?}`.
async fn list(call: Call) -> ApiResult {
    let limit = call.number("limit").unwrap_or(PAGE);
    if limit > MAX_PAGE {
        return Err(ApiError::invalid(&format!(
            "Page limit cannot be above {MAX_PAGE}"
        )));
    }
    let limit = limit.max(1);
    let work = ListUsers {
        after: AccountId(page_token::position::<i64>(&call).unwrap_or_default()),
        disabled_too: call.query("disabled").is_none() || call.flag("disabled"),
        limit: limit.saturating_add(1),
    };
    let mut found = call.perform(work).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > wanted;
    found.truncate(wanted);
    let users: Vec<Value> = found.iter().map(user_view::managed).collect();
    let mut answer = json!({ "users": users });
    if let (true, Some(last), Some(members)) = (has_more, found.last(), answer.as_object_mut()) {
        let token = page_token::next(&call, &last.profile.id.0)?;
        members.insert(page_token::PARAMETER.to_owned(), Value::String(token));
    }
    call.answer(&answer)
}

/// `POST /superuser/users/`: 200 with the new user's password.
async fn create(call: Call) -> ApiResult {
    let work = CreateManagedUser {
        username: call.required_text("username").to_owned(),
        email: call.text("email").map(str::to_owned),
        superuser: call.caller().name().to_owned(),
        origin: call.origin(),
    };
    let (user, password) = call.perform(work).await?;
    call.answer(&json!({
        "username": user.username,
        "email": user.email,
        "password": password.expose(),
        "encrypted_password": user.encrypted_password,
    }))
}

fn username(call: &Call) -> String {
    call.path("username").to_owned()
}

/// `GET /superuser/users/{username}`: 200, 404.
async fn get(call: Call) -> ApiResult {
    let work = GetManagedUser {
        username: username(&call),
    };
    let user = call.perform(work).await?;
    call.answer(&user_view::managed(&user))
}

/// `PUT /superuser/users/{username}`: 200 with the user as it is then; 400 for a superuser.
async fn change(call: Call) -> ApiResult {
    let work = ChangeManagedUser {
        username: username(&call),
        password: call.text("password").map(Secret::from),
        email: call.text("email").map(str::to_owned),
        enabled: call.body.get("enabled").and_then(Value::as_bool),
        superuser: call.caller().name().to_owned(),
        origin: call.origin(),
    };
    let user = call.perform(work).await?;
    call.answer(&user_view::managed(&user))
}

/// `DELETE /superuser/users/{username}`: 204; 400 for a superuser.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteManagedUser {
        username: username(&call),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `POST /superusers/users/{username}/sendrecovery`: 200 `{"email"}`.
async fn send_recovery(call: Call) -> ApiResult {
    let work = SendRecovery {
        username: username(&call),
    };
    let email = call.perform(work).await?;
    Ok(HttpResponse::Ok().json(json!({ "email": email })))
}
