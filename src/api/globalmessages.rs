//! Messages to everybody.
//!
//! Quay: `endpoints/api/globalmessages.py`.

use actix_web::HttpResponse;
use serde_json::{Value, json};
use slipway_actors::account::global_message::{AddMessage, DeleteMessage, ListMessages};
use slipway_auth::api_scope::ApiScope;
use uuid::Uuid;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Kind, Schema, TEXT, optional, required};

const MESSAGE: Schema = Schema::object(
    "Message",
    "A message to everybody.",
    &[
        required("content", TEXT, "Its text"),
        required(
            "media_type",
            Kind::OneOf(&["text/plain", "text/markdown"]),
            "How the text is written",
        ),
        required(
            "severity",
            Kind::OneOf(&["info", "warning", "error"]),
            "How loud it is shown",
        ),
    ],
);
const CREATE_MESSAGE: Schema = Schema::object(
    "CreateMessage",
    "A new message to everybody.",
    &[optional("message", Kind::Shape(&MESSAGE), "The message")],
);

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("getGlobalMessages", "/messages", run!(list))
        .summary("List the messages to everybody."),
    Operation::post("createGlobalMessage", "/messages", run!(create))
        .summary("Add a message to everybody.")
        .scope(ApiScope::SuperUser)
        .guard(Guard::Superuser { readers: false })
        .fresh()
        .body(&CREATE_MESSAGE)
        .success(201),
    Operation::delete("deleteGlobalMessage", "/message/{uuid}", run!(delete))
        .summary("Take a message to everybody away.")
        .scope(ApiScope::SuperUser)
        .guard(Guard::Superuser { readers: false })
        .fresh(),
];

/// `GET /messages`: 200 `{"messages": [{uuid, content, severity, media_type}]}`.
async fn list(call: Call) -> ApiResult {
    let messages = call.perform(ListMessages).await?;
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| {
            json!({
                "uuid": message.id,
                "content": message.content,
                "severity": message.severity,
                "media_type": message.media_type,
            })
        })
        .collect();
    call.answer(&json!({ "messages": messages }))
}

/// `POST /messages`: 201 without a body.
async fn create(call: Call) -> ApiResult {
    let member = |name: &str| {
        let message = call.body.get("message")?;
        message.get(name)?.as_str().map(str::to_owned)
    };
    let missing = || ApiError::invalid("'message' is a required property");
    let work = AddMessage {
        content: member("content").ok_or_else(missing)?,
        media_type: member("media_type").ok_or_else(missing)?,
        severity: member("severity").ok_or_else(missing)?,
    };
    call.perform(work).await?;
    Ok(HttpResponse::Created().finish())
}

/// `DELETE /message/{uuid}`: 204, also when it is not there.
async fn delete(call: Call) -> ApiResult {
    if let Ok(id) = Uuid::parse_str(call.path("uuid")) {
        call.perform(DeleteMessage { id }).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
