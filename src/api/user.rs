//! Users.
//!
//! Quay: `endpoints/api/user.py`.

use serde_json::{Value, json};
use slipway_actors::account::CreateUser;
use slipway_auth::Secret;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Kind, Schema, TEXT, optional, required};

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

/// The operations of this file.
pub const OPERATIONS: &[Operation] =
    &[
        Operation::post("initializeUser", "/user/initialize", run!(initialize))
            .summary("Make the first user, a superuser, while there is none.")
            .body(&INITIALIZE)
            .anonymous()
            .no_csrf()
            .hidden(),
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
