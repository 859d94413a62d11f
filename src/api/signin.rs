//! Signing in and out.
//!
//! Quay: `endpoints/api/user.py`.

use actix_web::HttpResponse;
use serde_json::json;
use slipway_actors::account::session::SignOut;
use slipway_actors::account::signin::{SignIn, VerifyPassword};
use slipway_auth::Secret;
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::cookie;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Schema, TEXT, optional, required};

const SIGN_IN: Schema = Schema::object(
    "SigninUser",
    "A name and a password.",
    &[
        required("username", TEXT, "The user's name or e-mail"),
        required("password", TEXT, "The user's password"),
        optional("invite_code", TEXT, "The code of a team's invitation"),
    ],
);
const VERIFY: Schema = Schema::object(
    "VerifyUser",
    "The password once more.",
    &[required("password", TEXT, "The user's password")],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::post("signinUser", "/signin", run!(sign_in))
        .summary("Sign in with a name and a password.")
        .body(&SIGN_IN)
        .feature(|config| config.accounts.direct_login)
        .anonymous()
        .read_only_too()
        .internal(),
    Operation::post("verifyUser", "/signin/verify", run!(verify))
        .summary("Give the password again, for what needs a fresh login.")
        .scope(ApiScope::UserAdmin)
        .guard(Guard::UserAdmin {
            refuse_restricted: false,
        })
        .body(&VERIFY)
        .read_only_too()
        .internal(),
    Operation::post("logout", "/signout", run!(sign_out))
        .summary("Sign out everywhere.")
        .anonymous()
        .read_only_too()
        .internal(),
];

/// `POST /signin`: 200 `{"success": true}` with a cookie, 403 for wrong credentials.
async fn sign_in(call: Call) -> ApiResult {
    let work = SignIn {
        username: call.required_text("username").to_owned(),
        password: Secret::from(call.required_text("password")),
        invite_code: call.text("invite_code").map(str::to_owned),
        origin: call.origin(),
        user_agent: call.user_agent.clone(),
    };
    let session = call.perform(work).await?;
    let response = HttpResponse::Ok().json(json!({ "success": true }));
    Ok(call.with_session(response, &session))
}

/// `POST /signin/verify`: 200 `{"success": true}` and a fresh login, 403 for a wrong password.
async fn verify(call: Call) -> ApiResult {
    let work = VerifyPassword {
        caller: call.caller().clone(),
        password: Secret::from(call.required_text("password")),
        origin: call.origin(),
    };
    let csrf_token = call.perform(work).await?;
    let mut response = HttpResponse::Ok().json(json!({ "success": true }));
    if let Some(token) = csrf_token {
        cookie::announce_csrf(&mut response, &token);
    }
    Ok(response)
}

/// `POST /signout`: 200 `{"success": true}`; all sessions of the user end.
async fn sign_out(call: Call) -> ApiResult {
    if let Some(account) = call.caller().account() {
        let origin = call.origin();
        call.perform(SignOut { account, origin }).await?;
    }
    let mut response = HttpResponse::Ok().json(json!({ "success": true }));
    cookie::clear(&mut response, &call.client);
    Ok(response)
}
