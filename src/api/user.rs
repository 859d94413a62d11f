//! Users: the account one is logged in to, and who else there is.
//!
//! Quay: `endpoints/api/user.py`.

use actix_web::HttpResponse;
use serde_json::{Value, json};
use slipway_actors::AccountId;
use slipway_actors::account::change_user::ChangeUser;
use slipway_actors::account::client_key::MakeClientKey;
use slipway_actors::account::delete_user::{ConvertUser, DeleteUser};
use slipway_actors::account::user::{DescribeUser, FindUser, SignUp, SignedUp};
use slipway_actors::account::{AccountError, CreateUser};
use slipway_auth::Secret;
use slipway_auth::api_scope::{ApiScope, ScopeSet};

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Schema, TEXT, optional, required};
use super::{cookie, user_view};

const INITIALIZE: Schema = Schema::object(
    "InitializeUser",
    "The first user.",
    &[
        required("username", TEXT, "Its name"),
        required("password", TEXT, "Its password"),
        optional("email", TEXT, "Its e-mail"),
        optional(
            "access_token",
            Kind::Bool,
            "Whether to make an OAuth token as well",
        ),
    ],
);
const NEW_USER: Schema = Schema::object(
    "NewUser",
    "A new user.",
    &[
        required("username", TEXT, "Its name"),
        required("password", TEXT, "Its password"),
        optional("email", TEXT, "Its e-mail"),
        optional("invite_code", TEXT, "The code of a team's invitation"),
        optional("recaptcha_response", TEXT, "Ignored"),
    ],
);
const UPDATE_USER: Schema = Schema::object(
    "UpdateUser",
    "What to change about the user.",
    &[
        optional("password", TEXT, "Its new password"),
        optional("invoice_email", Kind::Bool, "Whether it wants invoices"),
        optional("email", TEXT, "Its new e-mail"),
        optional(
            "tag_expiration_s",
            Kind::Integer(0),
            "How long its deleted tags can be brought back, seconds",
        ),
        optional("username", TEXT, "Its new name"),
        optional(
            "invoice_email_address",
            Kind::Nullable(&TEXT),
            "Where invoices go",
        ),
        optional("given_name", Kind::Nullable(&TEXT), "Its given name"),
        optional("family_name", Kind::Nullable(&TEXT), "Its family name"),
        optional("company", Kind::Nullable(&TEXT), "Where it works"),
        optional("location", Kind::Nullable(&TEXT), "Where it is"),
    ],
);
const CONVERT_USER: Schema = Schema::object(
    "ConvertUser",
    "Who administers the organization that the user becomes.",
    &[
        required("adminUser", TEXT, "The name of another user"),
        required("adminPassword", TEXT, "That user's password"),
        optional("plan", TEXT, "Ignored"),
    ],
);
const CLIENT_KEY: Schema = Schema::object(
    "GenerateClientKey",
    "The password once more.",
    &[required("password", TEXT, "The user's password")],
);
const ADMIN: Guard = Guard::UserAdmin {
    refuse_restricted: false,
};

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::post("initializeUser", "/user/initialize", run!(initialize))
        .summary("Make the first user, a superuser, while there is none.")
        .body(&INITIALIZE)
        .anonymous()
        .no_csrf()
        .hidden(),
    Operation::get("getLoggedInUser", "/user/", run!(get_own))
        .summary("Get the user that asks.")
        .scope(ApiScope::UserRead)
        .anonymous(),
    Operation::post("createNewUser", "/user/", run!(sign_up))
        .summary("Make an account for oneself.")
        .body(&NEW_USER)
        .feature(|config| config.accounts.user_creation && config.accounts.direct_login)
        .anonymous()
        .internal(),
    Operation::put("changeUserDetails", "/user/", run!(change))
        .summary("Change the user that asks.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .fresh()
        .body(&UPDATE_USER)
        .internal(),
    Operation::delete("deleteCurrentUser", "/user/", run!(delete))
        .summary("Delete the user that asks.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .fresh()
        .internal(),
    Operation::post("convertUserToOrganization", "/user/convert", run!(convert))
        .summary("Make the user that asks an organization.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .body(&CONVERT_USER)
        .internal(),
    Operation::post("generateUserClientKey", "/user/clientkey", run!(client_key))
        .summary("Encrypt the user's password for use in clients.")
        .scope(ApiScope::UserAdmin)
        .guard(ADMIN)
        .body(&CLIENT_KEY)
        .internal(),
    Operation::get("getUserInformation", "/users/{username}", run!(get_other))
        .summary("Get what everybody may know of a user."),
];

/// `POST /user/initialize`: makes the first user, a superuser, while there is none.
async fn initialize(call: Call) -> ApiResult {
    if !call.state.config.auth.user_initialize {
        return Err(ApiError::not_found());
    }
    let msg = CreateUser {
        username: call.required_text("username").to_owned(),
        password: Secret::from(call.required_text("password")),
        email: call.text("email").map(str::to_owned),
        superuser: true,
        only_first: true,
        with_token: call.body.get("access_token") == Some(&Value::Bool(true)),
    };
    let user = call.state.actors.ask_accounts(msg).await?;
    let mut answer = json!({
        "username": user.username,
        "email": user.email.unwrap_or_default(),
        "encrypted_password": user.encrypted_password,
    });
    if let (Some(token), Some(members)) = (user.access_token, answer.as_object_mut()) {
        members.insert("access_token".to_owned(), json!(token.expose()));
    }
    call.answer(&answer)
}

/// `GET /user/`: 200 with as much as the credential may see, 401 when that is nothing.
async fn get_own(call: Call) -> ApiResult {
    let scopes = call.caller().principal.scopes;
    match call.caller().account().filter(|_| scopes.reads_user()) {
        Some(account) => answer_own(&call, account, scopes).await,
        None => Err(ApiError::unauthenticated().with("session_required", json!(false))),
    }
}

async fn answer_own(call: &Call, account: AccountId, scopes: ScopeSet) -> ApiResult {
    let details = call.perform(DescribeUser { account, scopes }).await?;
    Ok(HttpResponse::Ok().json(user_view::own(&details, scopes)))
}

/// `POST /user/`: 200 with the user, who is signed in, or `{"awaiting_verification": true}`.
async fn sign_up(call: Call) -> ApiResult {
    let work = SignUp {
        username: call.required_text("username").to_owned(),
        password: Secret::from(call.required_text("password")),
        email: call.text("email").map(str::to_owned),
        invite_code: call.text("invite_code").map(str::to_owned),
        origin: call.origin(),
    };
    match call.perform(work).await? {
        SignedUp::AwaitingVerification => call.answer(&json!({ "awaiting_verification": true })),
        SignedUp::SignedIn(account, session) => {
            let response = answer_own(&call, account, ScopeSet::DIRECT).await?;
            Ok(call.with_session(response, &session))
        }
    }
}

/// `PUT /user/`: 200 with the user as it is then; a new password keeps the session it came with.
async fn change(call: Call) -> ApiResult {
    let account = call.account()?;
    let work = ChangeUser {
        caller: call.caller().clone(),
        changes: call.body.as_object().cloned().unwrap_or_default(),
        origin: call.origin(),
    };
    let csrf_token = call.perform(work).await?;
    let mut response = answer_own(&call, account, call.caller().principal.scopes).await?;
    if let Some(token) = csrf_token {
        cookie::announce_csrf(&mut response, &token);
    }
    Ok(response)
}

/// `DELETE /user/`: 204; 400 while an organization has no other administrator.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteUser {
        account: call.account()?,
        origin: call.origin(),
    };
    call.perform(work).await?;
    let mut response = call.no_content()?;
    cookie::clear(&mut response, &call.client);
    Ok(response)
}

/// `POST /user/convert`: 200 `{"success": true}` and a session of the administrator.
async fn convert(call: Call) -> ApiResult {
    let work = ConvertUser {
        account: call.account()?,
        admin_name: call.required_text("adminUser").to_owned(),
        admin_password: Secret::from(call.required_text("adminPassword")),
        origin: call.origin(),
    };
    let session = call.perform(work).await?;
    let response = HttpResponse::Ok().json(json!({ "success": true }));
    Ok(call.with_session(response, &session))
}

/// `POST /user/clientkey`: 200 `{"key"}`.
async fn client_key(call: Call) -> ApiResult {
    let work = MakeClientKey {
        caller: call.caller().clone(),
        password: Secret::from(call.required_text("password")),
        origin: call.origin(),
    };
    let key = call.perform(work).await?;
    call.answer(&json!({ "key": key }))
}

/// `GET /users/{username}`: 200 with what everybody may know; to the user itself, as `GET /user/`.
async fn get_other(call: Call) -> ApiResult {
    let username = call.path("username").to_owned();
    let found = call.state.actors.perform(FindUser { username }).await;
    let profile = found.map_err(|error| match error {
        AccountError::NotFound => ApiError::no_such_url(),
        other => other.into(),
    })?;
    let scopes = call.caller().principal.scopes;
    if call.caller().account() == Some(profile.id) && scopes.administers_user() {
        return answer_own(&call, profile.id, scopes).await;
    }
    call.answer(&user_view::public(&profile.name, profile.email.as_deref()))
}
